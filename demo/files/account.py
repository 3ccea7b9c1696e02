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
        """Take `amount` from the balance. Raise InsufficientFunds when the balance is too small.

        >>> account = Account("Ada", 10.0)
        >>> account.withdraw(4.0)
        >>> account.balance
        6.0
        """
        ...

    def __repr__(self) -> str:
        return f"Account({self.owner!r}, {self.balance})"
