"""Which files the user keeps to themselves: nothing is offered in them and not a word of them reaches a model."""
