"""The form that sets up a chain, without a screen: a text of TOML, its fields, and what is wrong with it."""
