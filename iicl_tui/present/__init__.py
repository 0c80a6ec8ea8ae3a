"""What any view says about a chain: words, curves, transcripts, provenance. Text and values only; no Textual."""
