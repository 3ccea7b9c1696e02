"""Search over what a network finds likely: greedy, beam, sampling, constraints. Token ids only.

Nothing here knows text, files or a particular network: a `StepModel` answers with log-probabilities, a `Prefix` says
which tokens may follow. Text begins and ends at the codec (`data.codec`); the grammar of Python (`decoding.python`) is
told what each id stands for.
"""
