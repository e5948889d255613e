"""`python -m marrowd` and the `marrowd` script: hands over to `cli`."""

from marrowd.cli.program import main

if __name__ == "__main__":
    main()
