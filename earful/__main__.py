"""`python -m earful` is the command `earful`, also where no script of that name is on the path."""

from earful.cli import main

if __name__ == "__main__":
    main()
