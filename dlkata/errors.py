"""The one exception for what users cause. Everything else crashes loudly."""


class DlkataError(Exception):
    """`message` names the place and what is wrong there; `remedy` says what to do about it."""

    def __init__(self, message: str, remedy: str = "", *, exit_code: int = 2):
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.exit_code = exit_code
