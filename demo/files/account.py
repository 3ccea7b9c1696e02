"""A bank account that never goes below zero."""


class InsufficientFunds(Exception):
    pass


class Account:
    def __init__(self, owner: str, balance: float = 0.0) -> None:
        self.owner = owner
        self.balance = balance

    def deposit(self, amount: float) -> None:
        self.balance += amount

    def withdraw(self, amount: float) -> None:
        """Take `amount` from the balance. Raise InsufficientFunds when the balance is too small."""
        ...

    def __repr__(self) -> str:
        return f"Account({self.owner!r}, {self.balance})"
