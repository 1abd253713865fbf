from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkdocs_codeexec.core.defaults import Defaults
from mkdocs_codeexec.core.expectation import FailsToBuild, Panics, Succeeds
from mkdocs_codeexec.core.hidden import RUSTDOC
from mkdocs_codeexec.core.sample import Given, Location, Presentation, Sample
from mkdocs_codeexec.core.settings import LanguageRule
from mkdocs_codeexec.languages import repls
from mkdocs_codeexec.languages.builtin import RUST
from mkdocs_codeexec.markdown.claiming import Claim, claim, foreign_include
from mkdocs_codeexec.markdown.header import parse_header
from mkdocs_codeexec.markdown.instead import instead_of
from mkdocs_codeexec.markdown.options import TABLE, Request

PYTHON = LanguageRule(name="python", options=frozenset({"raises"}))
C = LanguageRule(name="c", compiled=True)
CONSOLE = LanguageRule(name="console", console="shell")
IRB = CONSOLE._replace(name="irb", console="repl", dialect=repls.IRB.dialect)
LANGUAGES = {"rust": RUST, "rs": RUST, "python": PYTHON, "py": PYTHON, "c": C, "console": CONSOLE, "irb": IRB}
TARGET = "x86_64-unknown-linux-gnu"


def claimed(info: str, run: str = "marked") -> Claim:
    rules = {word: r._replace(run=run) for word, r in LANGUAGES.items()}
    found = claim(parse_header(info), rules, target=TARGET, is_lexer=lambda name: name in ("json", "rust"))
    assert found is not None
    return found


def asked(info: str, run: str = "marked") -> Request:
    request = claimed(info, run).request
    assert request is not None
    return request


READ: dict[str, dict[str, Any]] = {
    "rust exec": {},
    "rs exec": {},
    "rust exec test": {},
    'rust exec test="skip"': {},
    'rust exec source="block"': {},
    'rust exec source="material-block"': {},
    'rust exec="on"': {},
    'rust exec="1"': {},
    "rust exec=yes": {},
    "{.rust .exec}": {},
    "rust,exec": {},
    "rust exec no_run": {"build_only": True},
    "{.rust .exec .no_run}": {"build_only": True},
    'rust exec no_run="off"': {},
    "rust exec ignore": {"ignored": True},
    "rust exec ignore-x86_64": {"ignored": True},
    "rust,exec,ignore-windows,ignore-linux": {"ignored": True},
    "{.rust .exec .ignore-gnu}": {"ignored": True},
    "rust exec ignore-wasm32": {},
    "rust,exec,ignore,ignore-wasm32": {},
    "rust,exec,ignore (why, so)": {"ignored": True},
    "rust exec (a, b) no_run (c)": {"build_only": True},
    "rust exec compile_fail": {"expectation": FailsToBuild()},
    "rust exec compile_fail E0382 e0499": {"expectation": FailsToBuild(("E0382", "E0499"))},
    "{.rust .exec .compile_fail .E0382}": {"expectation": FailsToBuild(("E0382",))},
    "rust,exec,should_panic": {"expectation": Panics()},
    "rust,exec,should_panic,no_run": {"expectation": Panics(), "build_only": True},
    'rust exec exit="3"': {"expectation": Succeeds(3)},
    "rust exec returncode=3": {"expectation": Succeeds(3)},
    'rust exec exit="any"': {"expectation": Succeeds(None)},
    "rust exec edition=2021": {"options": (("edition", "2021"),)},
    "rust,exec,edition2018": {"options": (("edition", "2018"),)},
    "{.rust .exec .edition2015}": {"options": (("edition", "2015"),)},
    'rust exec environment="async" edition=2024': {"options": (("edition", "2024"), ("environment", "async"))},
    "rust exec standalone_crate": {"options": (("standalone_crate", "on"),)},
    "rust,exec,test_harness": {"options": (("test_harness", "on"),)},
    "{.rust .exec .test_harness}": {"options": (("test_harness", "on"),)},
    'rust exec timeout="30"': {"timeout": 30.0},
    "rust exec timeout=0.5": {"timeout": 0.5},
    r'rust exec stdin="a\n\tb\\n"': {"given": Given(stdin="a\n\tb\\n")},
    'rust exec stdin=""': {"given": Given(stdin="")},
    "rust exec args=\"-v 'a b'\"": {"given": Given(args=("-v", "a b"))},
    "rust exec env=\"L='a b' K=V\"": {"given": Given(env=(("K", "V"), ("L", "a b")))},
    "rust exec network": {"given": Given(network=True)},
    "{.rust .exec .network}": {"given": Given(network=True)},
    "rust,exec,network": {"given": Given(network=True)},
    'rust exec network="off"': {"given": Given(network=False)},
    "rust exec timeout=300": {"timeout": 300.0},
    'rust exec name="a"': {"name": "a"},
    'rust exec source="below" result="text" show="stderr"': {
        "presentation": Presentation(source="below", result="text", show=frozenset({"stderr"}))
    },
    'rust exec show="stdout, build" result="json"': {
        "presentation": Presentation(result="json", show=frozenset({"stdout", "build"}))
    },
    "rust,exec,editable,noplayground,noplaypen,playground,mdbook-runnable,custom": {},
    "rust,exec,does_not_compile,panics,not_desired_behavior": {},
    'rust exec title="x" hl_lines="1 2-3" linenums="1" data-a="b" #id .big': {},
}


@pytest.mark.parametrize(("info", "fields"), READ.items())
def test_read(info: str, fields: dict[str, Any]) -> None:
    """Every option reads as what it means, and finds nothing wrong."""
    found = claimed(info)
    assert Request(language="rust", hiding=RUSTDOC, **fields) == found.request
    assert () == found.remarks
    assert ("ours", True) == (found.manner, found.hiding.rustdoc)


# What is wrong, whether it keeps the sample from running, and a word that the hint must hold.
WRONG: dict[str, tuple[str, bool, str]] = {
    "rust exec foo": ("`foo` is not an option of a fence", False, "`title`"),
    "rust exec linenumbers": ("`linenumbers` is not an option of a fence", False, "did you mean `linenums`"),
    "rust exec compile_fial": ("`compile_fial` is not an option of a fence", True, "did you mean `compile_fail`"),
    "rust,exec,panic": ("`panic` is not an option of a fence", True, "did you mean `should_panic`"),
    "rust exec no_run;": ("`no_run;` is not an option of a fence", True, "did you mean `no_run`"),
    "rust exec skip": ("`skip` is not an option of a fence", True, "did you mean `ignore`"),
    "rust,exec,should_panics": ("`should_panics` is not an option of a fence", True, "did you mean `should_panic`"),
    "rust exec norun": ("`norun` is not an option of a fence", True, "did you mean `no_run`"),
    "rust,exec,no-run": ("`no-run` is not an option of a fence", True, "did you mean `no_run`"),
    "rust,exec,ingore": ("`ingore` is not an option of a fence", True, "did you mean `ignore`"),
    'rust exec sesion="s"': ("`sesion` is not an option of a fence", True, "did you mean `session`"),
    "{.rust .exec .exce}": ("the class `.exce` looks like the option `exec`", True, "`.exec`"),
    "{.rust .exec .compile_fial}": ("the class `.compile_fial` looks like the option `compile_fail`", True, "`.comp"),
    'rust exec="onn"': ('`exec="onn"`: expected on or off', True, '`="on"`'),
    "rust exec edition=2020": ('`edition="2020"`: expected an edition of Rust', True, "did you mean `202"),
    "rust exec edition2012": ('`edition="2012"`: expected an edition of Rust', True, "did you mean `20"),
    "rust exec edition2021x": ('`edition="2021x"`: expected an edition of Rust', True, "did you mean `2021`"),
    "rust exec compile_fail E382": ("`E382` is not an error code", False, "E0382"),
    "rust exec edition": ("`edition`: expected an edition of Rust", True, "`2024`"),
    "rust exec timeout=0": ('`timeout="0"`: expected a number of seconds greater than 0', True, "30"),
    "rust exec timeout=inf": ('`timeout="inf"`: expected a number of seconds greater than 0', True, "30"),
    "rust exec timeout=300.5": ('`timeout="300.5"`: a fence may ask for 300 seconds at most', True, "configuration"),
    "rust exec timeout=1e9": ('`timeout="1e9"`: a fence may ask for 300 seconds at most', True, "configuration"),
    'rust exec network="no way"': ('`network="no way"`: expected on or off', True, '`="on"`'),
    "rust exec netwrok": ("`netwrok` is not an option of a fence", True, "did you mean `network`"),
    "{.rust .exec .netwrok}": ("the class `.netwrok` looks like the option `network`", True, "`.network`"),
    "rust exec timeout": ("`timeout`: expected a number of seconds greater than 0", True, "30"),
    "rust exec exit=256": ('`exit="256"`: expected an exit status', True, "`any`"),
    "rust exec returncode=-1": ('`returncode="-1"`: expected an exit status', True, "`any`"),
    "rust exec env=K": ('`env="K"`: expected `NAME=value`, found `K`', True, "spaces"),
    'rust exec env="A=1 A=2"': ('`env="A=1 A=2"`: `A` is there twice', True, "one of them"),
    'rust exec args="\'"': ('`args="\'"`: expected words as in a shell (no closing quotation)', True, "quote"),
    "rust exec name": ("`name`: expected a value", True, "`=`"),
    "rust exec E0382": ("`E0382` has no meaning without `compile_fail`", False, "`compile_fail`"),
    "rust exec compile_fail should_panic": ("`compile_fail` and `should_panic` contradict each other", False, "one"),
    "rust exec exit=0 should_panic": ("`exit` and `should_panic` contradict each other", True, "one"),
    'rust exec source="abve"': ('`source="abve"`: expected a place for the source', False, "did you mean `above`"),
    'rust exec result="anis"': ('`result="anis"` is not a way to show output', False, "did you mean `ansi`"),
    'rust exec result="jsn"': ('`result="jsn"` is not a way to show output, so it is shown as text', False, "lexer"),
    'rust exec show="stdou"': ('`show="stdou"`: expected a stream', False, "did you mean `stdout`"),
    'rust exec hl_lines="a"': ('`hl_lines="a"`: expected line numbers', False, "3-5"),
    'rust exec linenums="true"': ('`linenums="true"`: expected the number of the first line', False, "1"),
    "rust exec title": ("`title`: expected a value", False, "`=`"),
    'rust exec "x': ('`"x` cannot be read', False, "quotes"),
    "python exec edition=2021": ("`edition` has no meaning for `python`", False, "`rust`"),
    "c exec standalone_crate": ("`standalone_crate` has no meaning for `c`", False, "`rust`"),
    "python exec no_run": ("`no_run` has no meaning for `python`", True, "compiled"),
    "python exec compile_fail": ("`compile_fail` has no meaning for `python`", True, 'exit="1"'),
    'c exec raises="ValueError"': ("`raises` has no meaning for `c`", True, "`python`"),
    'python exec raises="SystemExit"': (
        '`raises="SystemExit"`: `SystemExit` is how a program ends, and has no traceback',
        True,
        "exit=",
    ),
    'python exec raises="a b"': ('`raises="a b"`: expected the name of one exception', True, "ValueError"),
    'python exec raises="A" exit="1"': ("`raises` and `exit` contradict each other", True, "keep one"),
    "python exec should_panic": ("`should_panic` has no meaning for `python`", True, 'exit="1"'),
}


@pytest.mark.parametrize(("info", "expected"), WRONG.items())
def test_wrong(info: str, expected: tuple[str, bool, str]) -> None:
    """A mistake is told with a way out; one that changes what would happen keeps the sample from running."""
    message, refused, hint = expected
    found = claimed(info)
    assert [message] == [remark.message for remark in found.remarks]
    assert hint in found.remarks[0].hint
    assert found.request is not None
    assert (message if refused else "") == found.request.refusal


IDLE: dict[str, tuple[str, str]] = {
    "rust exec no_run tty": ("`tty` has no effect beside `no_run`", "nothing is run"),
    'irb exec stdin="x"': ("`stdin` has no effect on a console of an interpreter", "its commands"),
    'python exec tabs="A|B"': ('`tabs` has no effect beside `source="above"`', "tabbed-left"),
    'python exec tabs="A|B" source="below"': ('`tabs` has no effect beside `source="below"`', "tabbed-left"),
    'python exec title="x" source="none"': ('`title` has no effect beside `source="none"`', "not shown"),
    'python exec source="none" hl_lines="1"': ('`hl_lines` has no effect beside `source="none"`', "not shown"),
    'python exec fold="9" result="none"': ('`fold` has no effect beside `result="none"`', "no output"),
    'python exec wrap result="none"': ('`wrap` has no effect beside `result="none"`', "no output"),
    'python exec show="stderr" result="none"': ('`show` has no effect beside `result="none"`', "no output"),
    'python exec show="stdout build"': ("`python` has no `build` to show", "compiled"),
    'c exec no_run args="x"': ("`args` has no effect beside `no_run`", "nothing is run"),
    "c exec no_run exit=3": ("`exit` has no effect beside `no_run`", "nothing is run"),
    'rust exec compile_fail artifacts="*.svg"': ("`artifacts` has no effect beside `compile_fail`", "nothing is run"),
    "rust exec no_run timeout=3": ("`timeout` has no effect beside `no_run`", "nothing is run"),
    'console exec source="tabs"': ('`source="tabbed-left"` has no effect on a console', "under its command"),
    'console exec tabs="A|B"': ("`tabs` has no effect on a console", "under its command"),
    "console exec fold=3": ("`fold` has no effect on a console", 'source="none"'),
    'console exec result="html"': ('`result="html"` has no effect on a console', "text"),
    'python file="a.py" timeout=3': ("`timeout` has no effect on a fence that is a `file`", "add `exec`"),
    'toml file="a.toml" stdin="x"': ("`stdin` has no effect on a fence that is a `file`", "add `exec`"),
    "tree exec": ("`exec` has no effect on `tree`", "drawn"),
    'tree name="a"': ("`name` has no effect on `tree`", "drawn"),
}


@pytest.mark.parametrize(("info", "expected"), IDLE.items())
def test_a_word_that_does_nothing_is_told(info: str, expected: tuple[str, str]) -> None:
    """With a way out; the fence is what it would be without that word."""
    found = claimed(info)
    message, hint = expected
    assert [message] == [remark.message for remark in found.remarks]
    assert hint in found.remarks[0].hint
    assert found.request is None or not found.request.refusal


@pytest.mark.parametrize(
    "info",
    [
        'python exec source="tabs" tabs="A|B"',
        'python exec source="tabbed-right" tabs="A|B" title="x"',
        'python exec fold="9" wrap result="text"',
        'c exec show="build" no_run',
        'console exec source="none" fold=3 wrap',
        'console exec source="console"',
        'python exec file="a.py" timeout=3',
        'python file="a.py" name="a" source="none"',
        'tree title="x" icons="none" result="javascript"',
        "rust exec no_run should_panic",
        'python tabs="A|B"',
    ],
)
def test_words_that_do_something_are_not_told(info: str) -> None:
    """Nor are words of a fence that asks for nothing."""
    found = claimed(info)
    assert () == found.remarks


def test_a_page_may_give_a_word_its_effect() -> None:
    """What it says of all its fences counts as if each of them said so."""
    header, said = parse_header('python exec tabs="A|B"'), Defaults(source="tabbed-left")
    found = claim(header, LANGUAGES, defaults=said, target=TARGET)
    assert found is not None
    assert () == found.remarks


@pytest.mark.parametrize(("slip", "meant"), [("tab", "tabs"), ("blok", "block"), ("abov", "above")])
def test_a_slip_of_a_source_is_told_its_nearest_name(slip: str, meant: str) -> None:
    """Of all that may be written, those that are short for another one, too."""
    (remark,) = claimed(f'python exec source="{slip}"').remarks
    assert f"did you mean `{meant}`? " in remark.hint


@pytest.mark.parametrize("info", ["rust,norun", "rust,should-panic", "rust edition2031", "{.rust .should_panics}"])
def test_unknown_word_for_rustdoc(info: str) -> None:
    """Where nothing says `exec`, a word that is unknown has no effect, as in rustdoc, and is told."""
    found = claimed(info, "all")
    assert Request(language="rust", hiding=RUSTDOC) == found.request
    assert 1 == len(found.remarks)


@pytest.mark.parametrize("info", ["rust exec tty", '{.rust .exec tty="on"}', "rust,tty,exec"])
def test_a_terminal_is_one_stream(info: str) -> None:
    """Both streams are shown if one is, and none if none is."""
    request = asked(info)
    assert (True, True) == (request.given.terminal, request.given.merged)
    assert (
        frozenset({"stdout", "stderr"}) == request.presentation.show == asked(f'{info} show="stderr"').presentation.show
    )
    assert frozenset({"build"}) == asked('rust exec tty show="build"').presentation.show
    assert (False, False) == (asked('rust exec tty="off"').given.terminal, asked("rust exec").given.merged)


def test_ignored_is_not_refused() -> None:
    """What is ignored has nothing that could be refused."""
    assert ("", True) == (asked("rust exec ignore needs=a").refusal, asked("rust exec ignore needs=a").ignored)


@pytest.mark.parametrize(
    ("info", "run", "samples"),
    [
        ("rust", "marked", False),
        ("rust", "all", True),
        ("rust", "check", True),
        ("rust", "none", False),
        ("rust exec", "none", False),
        ("rust exec=off", "all", False),
        ("rust test=false", "check", True),
        ("rust test", "marked", False),
        ('{.python test="skip"}', "marked", False),
        ("rust,ignore", "marked", False),
        ("rust,ignore", "all", True),
        ("rust,no_run", "marked", False),
        ('rust title="x"', "all", True),
        (",no_run", "all", True),
        ("should_panic", "all", True),
        ("edition2021", "all", True),
        ("no_run,rust", "all", True),
        ("noplayground,rust", "all", True),
        ("should_panic,mdbook-runnable", "all", True),
    ],
)
def test_which_fences_run(info: str, run: str, *, samples: bool) -> None:
    """Whether a fence is executed depends on its mark and the policy of its language."""
    assert samples == (claimed(info, run).request is not None)
    assert () == claimed(info, run).remarks


def test_check_builds_only() -> None:
    """`run: check` builds every fence and runs none; what must not compile still must not."""
    assert Request(language="rust", hiding=RUSTDOC, build_only=True) == asked("rust", "check")
    assert FailsToBuild() == asked("rust,compile_fail", "check").expectation


@pytest.mark.parametrize(
    "info", ["rust,should_panic", "rust compile_fail", '{.rust exit="1"}', "rust,E0382,compile_fail"]
)
def test_expectation_that_is_not_tried(info: str) -> None:
    """A fence that says how it should end, and is not run, says how to have it run."""
    found = claimed(info)
    assert (None, "native") == (found.request, found.manner)
    assert "says how it should end, and it is not run" in found.remarks[-1].message
    assert "`exec`" in found.remarks[-1].hint
    assert "`run: all`" in found.remarks[-1].hint


@pytest.mark.parametrize(
    "info",
    ["rust,should_panic,ignore", "rust,no_run", "rust,editable", "rust,edition2021", "rust,ignore,does_not_compile"],
)
def test_rustdoc_headers_are_plain_code(info: str) -> None:
    """A rustdoc header that is not run is for whoever takes it, and is no mistake."""
    found = claimed(info)
    assert (None, "native", ()) == (found.request, found.manner, found.remarks)


@pytest.mark.parametrize(
    ("info", "hint"),
    [
        ("rust exce", "did you mean `exec`"),
        ("python exxec", "did you mean `exec`"),
        ("rust shuold_panic", "did you mean `should_panic`"),
        ("python run", "did you mean `exec`"),
        ("python execute", "did you mean `exec`"),
        ("python;exec", "did you mean `exec`"),
        ("{.rust .exce}", "write `.exec`"),
    ],
)
def test_fence_that_looks_executable(info: str, hint: str) -> None:
    """A plain fence with a word very near to `exec` or to an expectation is not passed over."""
    found = claimed(info)
    assert (None, "native") == (found.request, found.manner)
    assert hint in found.remarks[0].hint


@pytest.mark.parametrize(
    ("info", "told"),
    [
        ('text outputof="a"', "outputof"),
        ('json output-of="a" title="x"', "output-of"),
        ("{.text .ouput_of}", "ouput_of"),
        ('python outputof="a"', "outputof"),
        ("text output", None),
        ("{.text .output}", None),
        ("python output", None),
    ],
)
def test_fence_that_looks_like_verified_output(info: str, told: str | None) -> None:
    """A word that is very near to `output_of` would leave the fence uncompared, and nobody would know."""
    found = claimed(info) if told or "python" in info else claim(parse_header(info), LANGUAGES)
    remarks = [] if found is None else [f"{remark.message}; {remark.hint}" for remark in found.remarks]
    assert (len(remarks) == 1) == bool(told), remarks
    assert found is None or (None, "native") == (found.request, found.manner)
    assert told is None or all(f"`{told}`" in line and "`output_of`" in line for line in remarks)


@pytest.mark.parametrize(
    ("info", "spelling"),
    [
        (" exec", "rust exec"),
        ('exec="on"', "rust exec"),
        ("{.exec}", "{.rust .exec}"),
        ("{.exec .python}", "{.python .exec}"),
        ("{python exec}", "{.python .exec}"),
        ("{python,exec}", "{.python .exec}"),
        ("exec python", "python exec"),
    ],
)
def test_no_language(info: str, spelling: str) -> None:
    """A fence that asks for execution and does not say of what is refused, and told how to."""
    found = claimed(info)
    request = asked(info)
    assert ("leftover", ()) == (found.manner, found.remarks)
    assert "does not start with a language" in request.refusal
    assert f"`{spelling}`" in request.hint


@pytest.mark.parametrize("info", ["rust exec foo", "python exec foo", "c exec foo"])
def test_short_hint(info: str) -> None:
    """A hint that names options names some that there are, for this language, and not all."""
    (remark,) = claimed(info).remarks
    named = remark.hint.split("`")[1::2]
    assert set(named) < set(TABLE)
    assert 10 <= len(named) <= 15
    assert {"name", "needs", "file", "session"} < set(named)
    assert ("edition" in named) == info.startswith("rust")


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ("{{#include a.rs}}", "a.rs"),
        ("x\n  {{#rustdoc_include ../listings/a.rs:2:10}}\n", "../listings/a.rs:2:10"),
        ("{{#playground a.rs editable}}", "a.rs"),
        ("echo '{{#include a.rs}}'", None),
        ("{{#if a}}", None),
        ("{{ x }}", None),
        ('--8<-- "a.rs"', None),
    ],
)
def test_foreign_include(code: str, path: str | None) -> None:
    """A line with which mdBook would include a file is known, with what to write instead."""
    remark = foreign_include(code)
    assert (path is not None) == (remark is not None)
    assert remark is None or f'`--8<-- "{path}"`' in remark.hint


@pytest.mark.parametrize(
    "info", ["rust", 'rust title="x" hl_lines="1"', "{.rust .big #id}", "python foo bar", "{.python .tests foo=1}"]
)
def test_plain_fences_are_left_alone(info: str) -> None:
    """A fence that asks us nothing is rendered as if we were not there."""
    assert ("native", None) == (claimed(info).manner, claimed(info).request)


@pytest.mark.parametrize(
    "info", ["", "text", "mermaid", "{.foo}", "rst test", "sh no_run", "foo bar", 'title="x"', ",", "text rust"]
)
def test_none_of_our_business(info: str) -> None:
    """Other languages are nobody's business here, unless they ask for execution."""
    assert claim(parse_header(info), LANGUAGES) is None


@pytest.mark.parametrize("info", ["rsut exec", "{.rsut .exec}", 'Rsut exec="on" title="x"'])
def test_unknown_language(info: str) -> None:
    """`exec` on a language that is not set up is a refusal, which says so and which was probably meant."""
    found = claimed(info)
    request = asked(info)
    assert ("leftover", ()) == (found.manner, found.remarks)
    assert "is not set up as a language" in request.refusal
    assert "did you mean `rust`" in request.hint
    assert "`languages:`" in request.hint


@pytest.mark.parametrize(
    ("info", "run"), [("rsut exec=off", "marked"), ("rsut exec ignore", "all"), ("rsut exec", "none")]
)
def test_unknown_language_that_is_not_executed(info: str, run: str) -> None:
    """Where a fence asks for nothing, or nothing at all is executed, the language does not matter."""
    assert ((), None) == (claimed(info, run).remarks, claimed(info, run).request)


OTHERS = [
    *("python test", '{.python test="skip" lint="skip"}', "python foo", 'python timeout="10s"', "{.python .tests}"),
    *("python source=x", "python edition=2020", "rust frobnicate", "python $", "python:a.py", "rust hl_lines=a"),
    *('python run="make docs"', "{.python eval=false}", 'python exe="python3"', "rust E1", "rust timeout=x"),
]


@pytest.mark.parametrize("info", OTHERS)
def test_options_of_others(info: str) -> None:
    """Where nothing asks for execution, words that we do not know, or know otherwise, are no mistakes."""
    assert ((), None, "native") == (claimed(info).remarks, claimed(info).request, claimed(info).manner)


@pytest.mark.parametrize(
    ("info", "cell", "written"),
    [
        ("{python}", "{python}", "python exec"),
        ("{python, echo=FALSE}", "{python}", "python exec"),
        ("{rust}", "{rust}", "rust exec"),
        ("{code-cell}", "{code-cell}", "python exec"),
        ("{code-cell} ipython3", "{code-cell}", "python exec"),
        ("{code-cell} rust", "{code-cell}", "rust exec"),
    ],
)
def test_cells_of_notebooks(info: str, cell: str, written: str) -> None:
    """A cell of a notebook counts on execution: it is told how to be written here, unless somebody else takes it."""
    for run in ("marked", "all"):
        found = claimed(info, run)
        (remark,) = found.remarks
        assert (None, "leftover") == (found.request, found.manner)
        assert remark.message.startswith(f"`{cell}` is how ")
        assert f"`{written}`" in remark.hint
    assert claim(parse_header(info), {"python": LanguageRule(name="python", run="none")}) is None


def test_passed_on() -> None:
    """What the highlighter understands goes to it, with id and classes; the language word stays as written."""
    found = claimed('{.rs .exec .my-class #here title="x y" hl_lines="1" linenums="3" data-a="b" .rust-2}')
    assert ("rs", "here", ("my-class", "rust-2")) == (found.word, found.id, found.classes)
    assert (("title", "x y"), ("hl_lines", "1"), ("linenums", "3"), ("data-a", "b")) == found.passthrough


def test_sample() -> None:
    """A request, a place and the code make a Sample."""
    at = Location("a.md", 3)
    assert Sample(
        location=at,
        language="rust",
        code="x",
        expectation=Panics(),
        timeout=3.0,
        name="n",
        hiding=RUSTDOC,
        options={"edition": "2021"},
    ) == asked("rust exec should_panic timeout=3 name=n edition=2021").sample(at, "x")


@given(st.text(alphabet="rust exec={}\"',.#-_1E0382ignopy\\") | st.text(), st.sampled_from(["marked", "all", "check"]))
def test_total(info: str, run: str) -> None:
    """Whatever stands in a header, it is understood or complained about, and nothing is raised."""
    rules = {"rust": RUST._replace(run=run), "p": PYTHON}  # type: ignore[arg-type]
    claim(parse_header(info), rules)
    claim(parse_header("rust exec " + info), rules)


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("terminal", ("python", "bash"), "write `bash exec`"),
        ("Zsh-Session", ("console",), "write `console exec`, in which a command begins with `$ `"),
        ("terminal", ("rust",), "`languages:` of the plugin can have an entry `terminal`"),
        ("python3.12", ("py", "python"), "write `python exec`"),
        ("pyhton", ("python", "rust"), "did you mean `python`? `languages:` of the plugin can have an entry `pyhton`"),
    ],
)
def test_what_to_write_instead(word: str, known: tuple[str, ...], hint: str) -> None:
    """A language that does the same and is executed on this site, or the entry that it needs."""
    assert hint == instead_of(word, known)
    rules = {name: LanguageRule(name=name) for name in known} | {"off": LanguageRule(name="off", run="none")}
    found = claim(parse_header(f"{word} exec"), rules)
    assert found is not None
    assert found.request is not None
    assert hint == found.request.hint


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("html", "html"),
        ('html="on"', "html"),
        ('html="1"', "html"),
        ('result="html"', "html"),
        ('html="off"', "ansi"),
        ('html="no" result="json"', "json"),
        ('html result="html"', "html"),
    ],
)
def test_html_is_a_way_to_show_output(said: str, shown: str) -> None:
    """In all spellings, markdown-exec's too."""
    found = claimed(f"rust exec {said}")

    assert found.request is not None
    assert (shown, ()) == (found.request.presentation.result, found.remarks)


def test_html_and_another_way_contradict_each_other() -> None:
    """It is told, and HTML it is, as in markdown-exec."""
    found = claimed('rust exec html="true" result="json"')

    assert found.request is not None
    assert ("html", "") == (found.request.presentation.result, found.request.refusal)
    assert ['`html` and `result="json"` contradict each other'] == [remark.message for remark in found.remarks]


def test_what_markdown_is_shown_as() -> None:
    """Its ids and its headings, as markdown-exec has them."""
    usual = asked("rust exec result=markdown").presentation
    other = asked('rust exec result="markdown" idprefix="x-" updatetoc="no"').presentation

    assert ("markdown", None, True) == (usual.result, usual.id_prefix, usual.in_contents)
    assert ("x-", False) == (other.id_prefix, other.in_contents)
    assert "" == asked('rust exec idprefix=""').presentation.id_prefix


@pytest.mark.parametrize("value", ['idprefix="a b"', "idprefix", "idprefix='\"'", 'idprefix="<"'])
def test_ids_begin_with_what_ids_can_begin_with(value: str) -> None:
    """It is told, and the usual is taken."""
    found = claimed(f"rust exec {value}")

    assert found.request is not None
    assert (None, "", 1) == (found.request.presentation.id_prefix, found.request.refusal, len(found.remarks))


def test_width_is_that_of_a_terminal() -> None:
    """Programs are told by `COLUMNS`; `env` of the fence prevails."""
    assert (("COLUMNS", "40"),) == asked('rust exec width="40"').given.env
    assert (("A", "b"), ("COLUMNS", "9")) == asked('rust exec width="40" env="COLUMNS=9 A=b"').given.env
    assert () == asked("rust exec").given.env


def test_output_is_folded_and_broken_as_said() -> None:
    """`off` is 0 lines that are folded; without a word it is as usual."""
    found = asked('rust exec fold="20" wrap').presentation
    assert (20, True) == (found.fold, found.wrap)
    assert (0, 0) == (asked('rust exec fold="off"').presentation.fold, asked("rust exec fold=0").presentation.fold)
    assert (None, False) == (asked("rust exec").presentation.fold, asked("rust exec").presentation.wrap)


@pytest.mark.parametrize("option", ["fold", 'fold="-1"', 'fold="many"', 'fold="on"', 'fold="1000000"'])
def test_a_fold_that_makes_no_sense_is_told(option: str) -> None:
    """The sample runs all the same."""
    found = claimed(f"rust exec {option}")

    assert found.request is not None
    assert ("", None) == (found.request.refusal, found.request.presentation.fold)
    assert "expected a number of lines" in found.remarks[0].message
    assert 'fold="20"' in found.remarks[0].hint


@pytest.mark.parametrize(
    ("value", "css"), [("300px", "300px"), ("50%", "50%"), ("12.5 EM", "12.5em"), (".5in", ".5in"), ("80", "")]
)
def test_a_width_with_a_unit_is_that_of_pictures(value: str, css: str) -> None:
    """No terminal is told of it, and so no sample runs again for it."""
    found = asked(f'rust exec width="{value}"')

    assert css == found.presentation.width
    assert (() if css else (("COLUMNS", value),)) == found.given.env


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("300qx", "`qx` is no unit of a width"),
        ("101%", "expected a width of pictures greater than 0 and up to 100%"),
        ("0px", "expected a width of pictures greater than 0"),
        ("10px;color:red", "expected a number of columns, or a width of pictures"),
        ("calc(1px)", "expected a number of columns, or a width of pictures"),
        ("-3em", "expected a number of columns"),
        ("0", "expected a number of columns"),
        ("-1", "expected a number of columns"),
        ("wide", "expected a number of columns"),
        ("99999", "expected a number of columns"),
        ("", "expected a number of columns"),
    ],
)
def test_another_width_is_refused(value: str, message: str) -> None:
    """The sample would print otherwise."""
    found = claimed(f'rust exec width="{value}"')

    assert found.request is not None
    assert message in found.request.refusal
    assert found.remarks[0].hint


def test_values_are_for_python() -> None:
    """A fence of another language that asks for them is told, and runs; by its page's word it shows the rest."""
    assert not asked('python exec show="stdout"').value
    found = claimed('python exec show="stdout value"')

    assert ["`python` has no values to show"] == [remark.message for remark in found.remarks]
    assert frozenset({"stdout"}) == found.request.presentation.show  # type: ignore[union-attr]
    rules = {"py": PYTHON._replace(values=True, run="marked")}
    request = claim(parse_header('py exec show="value"'), rules, target=TARGET, is_lexer=bool).request  # type: ignore[union-attr]
    assert request is not None
    assert request.value
    assert frozenset({"value"}) == request.presentation.show
