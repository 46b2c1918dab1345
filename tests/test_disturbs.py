"""What an attempt may disturb without harm is put back, and a right attempt that does so passes."""

import pytest
from attempts import HALF, RIGHT, graded, messages, outcomes

# What is disturbed (while bfloat16 is tested), and what every other test must still find.
DISTURBED = {
    "the folder": ("os.chdir('/proc')", "os.getcwd() != '/proc'"),
    "the umask": ("os.umask(0)", "os.umask(0o022) == 0o022"),
    "the locale": (
        "import locale; locale.setlocale(locale.LC_NUMERIC, 'C')",
        "__import__('locale').setlocale(__import__('locale').LC_NUMERIC) == LOCALE",
    ),
    "the recursion limit": ("sys.setrecursionlimit(150)", "sys.getrecursionlimit() > 500"),
    "the default dtype": ("torch.set_default_dtype(torch.float64)", "torch.get_default_dtype() == torch.float32"),
    "the random numbers": ("torch.manual_seed(3); __import__('random').seed(3)", "True"),
    "sys.path": ("sys.path.clear()", "sys.path"),
    "warnings": ("import warnings; warnings.simplefilter('error')", "('error', None, Warning, None, 0) not in __import__('warnings').filters"),
    "a signal handler": (
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGALRM, print)",
        "__import__('signal').getsignal(__import__('signal').SIGALRM) != print",
    ),
    "an alarm": ("import signal; signal.alarm(1)", "True"),
    "sys.settrace": ("sys.settrace(lambda *a: None)", "sys.gettrace() is None"),
    "sys.setprofile": ("sys.setprofile(lambda *a: None)", "True"),
    "gc": ("import gc; gc.disable()", "__import__('gc').isenabled()"),
    "the environment": ("os.environ['PYTHONHASHSEED'] = 'x'; os.environ.pop('PATH', None)", "'PATH' in os.environ"),
    "standard output": ("sys.stdout = sys.stderr = open(os.devnull, 'w')", "sys.stdout.fileno() == 1"),
    "grad mode": ("torch.set_grad_enabled(False)", "True"),
    "threads of torch": ("torch.set_num_threads(4)", "torch.get_num_threads() == 1"),
    "anomaly detection": ("torch.autograd.set_detect_anomaly(True)", "not torch.is_anomaly_enabled()"),
}  # fmt: skip


@pytest.mark.parametrize("name", DISTURBED)
def test_what_is_disturbed_is_put_back(warm, tmp_path, name):
    disturbs, undisturbed = DISTURBED[name]
    top = "import locale\nLOCALE = locale.setlocale(locale.LC_NUMERIC)\n"
    # At the end of the function: what it disturbs there would meet the judge and the next tests.
    source = RIGHT.format(top=top, when="False", fault="pass").replace(
        "    return torch.softmax(scores, -1) @ v",
        "    out = torch.softmax(scores, -1) @ v\n"
        f"    if {HALF}:\n        {disturbs}\n"
        f"    elif q.dtype not in (torch.float16, torch.bfloat16):\n        assert {undisturbed}, 'it was not put back'\n"
        "    return out",
    )
    file = tmp_path / "attention.py"
    file.write_text(source, encoding="utf-8")
    answer = graded(warm("check", str(file), "--json"))
    assert set(outcomes(answer).values()) == {"passed"}, messages(answer)
    assert answer["passed"]


def test_what_is_disturbed_while_it_is_loaded_is_put_back(warm, tmp_path):
    top = (
        "torch.set_default_device('meta'); torch.set_default_dtype(torch.float16); torch.set_grad_enabled(False)\n"
        "import gc, warnings; gc.disable(); warnings.simplefilter('error'); os.chdir('/proc'); sys.path.clear()\n"
        "sys.setrecursionlimit(200); torch.manual_seed(7)"
    )
    file = tmp_path / "attention.py"
    file.write_text(RIGHT.format(top=top, when="False", fault="pass"), encoding="utf-8")
    answer = graded(warm("check", str(file), "--json"))
    assert answer["passed"], messages(answer)
