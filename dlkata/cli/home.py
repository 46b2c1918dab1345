"""`dlkata` alone: what is due today, what is started, what to do next, with the command to type."""

from dlkata.cli.app import App
from dlkata.cli.output import print_json, print_lines
from dlkata.ui.screen import console


def show_home(app: App, as_json: bool) -> None:
    from dlkata.ui.home import home, home_as_json

    standing, today = app.standing, app.today
    progress = app.progress(app.mastery())
    if as_json:
        print_json(home_as_json(standing, today, app.run, progress=progress))
    else:
        from dlkata.cli.running import left_of_interview

        if left := left_of_interview(app, console().width):
            print_lines([*left, ""])
        print_lines(home(standing, today, app.run, console().width, progress=progress))
