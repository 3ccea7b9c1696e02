"""Words → contract: what a docstring or comment promises about the code it asks for. Text in, values out."""
