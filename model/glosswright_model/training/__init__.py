"""Training: supervised, adversarial and minimum-risk loops, fine-tuning of pretrained models, checkpoints, logs.

Nothing imports this package but the command line: what is served needs none of it.
"""
