"""What a person decides about samples: subjects, states, drafts and decisions. No Textual."""
