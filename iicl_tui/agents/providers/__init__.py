"""Language models behind their official SDKs: one class a provider, each answering one request at a time, or saying why not."""
