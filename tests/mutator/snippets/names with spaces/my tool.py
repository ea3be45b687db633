import sys


def main(limit=3):
    return limit + len(sys.argv)


print(main())
