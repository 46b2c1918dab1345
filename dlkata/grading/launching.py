"""What an interpreter of ours is told to run."""


def program(module: str, call: str = "main()") -> str:
    """For `python -P -c`, with the folder of this very dlkata as first argument.

    It is imported from there even if another one is installed. Nothing else is: that folder stands last then, and the
    current one nowhere, so that a learner's torch.py is not taken for torch.
    """
    return (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); import dlkata; sys.path.append(sys.path.pop(0)); "
        f"from dlkata.grading.{module} import main; {call}"
    )
