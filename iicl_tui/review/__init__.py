"""Reviews by a person: subjects, states, requests and drafts. No Textual."""
