"""What any view says of a chain: words, curves, transcripts, provenance. Text and values only; no Textual."""
