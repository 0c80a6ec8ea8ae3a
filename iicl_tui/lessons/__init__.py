"""Guided lessons: their files, the chains that they show, questions with computed answers, and a person's progress."""
