"""Language models behind their official SDKs, one class per provider."""
