"""What a person reads of a run: the page, which is the model's card, and the summary."""
