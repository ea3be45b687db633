import csv
import sys


def month_balances(bookings):
    """(month, balance at its end), in order."""
    balances = {}
    balance = 0
    for index in range(len(bookings)):
        booking = bookings[index]
        balance += int(booking["amount"])
        balances[booking["date"][:7]] = balance
    return list(balances.items())


def highest(balances):
    best = balances[0][1]
    for _, balance in balances:
        best = max(best, balance)
    return best


def main():
    with open(sys.argv[1], newline="") as file:
        bookings = list(csv.DictReader(file))
    balances = month_balances(bookings)
    for month, balance in balances:
        print(month, balance)
    print("highest", highest(balances))


main()
