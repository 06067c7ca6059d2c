"""Setting up in a notebook: the steps of :mod:`connect_pandas.service.setup` as a form, one below the other."""

from __future__ import annotations

import threading
from html import escape
from typing import TYPE_CHECKING, Any, Final

import ipywidgets as widgets
from traitlets import Unicode

from connect_pandas.errors import AuthenticationFailed, ConfigurationError
from connect_pandas.notebook import after_cells
from connect_pandas.notebook.draw import View, bundle
from connect_pandas.notebook.form_parts import STYLE, alert, close_all, status
from connect_pandas.notebook.kept import Kept
from connect_pandas.notebook.progress import in_notebook
from connect_pandas.service import setup
from connect_pandas.service.connection import DEFAULT_PROFILE, DOMAINS, SFTP_PORT, Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from connect_pandas.service.connection import Connection
    from connect_pandas.service.setup import Answers, Place, Step

_STEPS: Final = {step.name: step for step in setup.STEPS}
_CHOOSE, _SANDBOX, _OWN, _NEW, _OTHER = "", "sandbox", "own", "new", "other"
_ALONE: Final = ("server", "directory", "checkup")
"""The steps that begin without a click: nothing is asked before they have looked."""
_TAKEN: Final = "taken; type it again to change it"


class _Hidden(widgets.Password):  # type: ignore[misc]  # ipywidgets is untyped
    """A password field whose value the kernel never sends back to the page."""

    value = Unicode("").tag(sync=True, echo_update=False)


class SetupForm(widgets.VBox):  # type: ignore[misc]  # ipywidgets is untyped
    """A form that connects an account: one step after another, each with what came of it.

    Secrets are taken out of their fields as soon as they are typed.

    Attributes
    ----------
    connection : Connection or None
        The connection, once it is saved; it is the session's current one then.
    """

    def __init__(self, profile: str = DEFAULT_PROFILE) -> None:
        self._known = setup.known(profile)
        self._answers = setup.Answers()
        self._wrong: dict[str, str] = {}
        self._looked: dict[str, tuple[Answers, Any]] = {}
        """What a step has found out and now asks about, with the answers that it rests on."""
        self._working: dict[str, str] = {}
        """The one step whose work is under way, and what it does."""
        self._typed: dict[widgets.Widget, Secret] = {}
        self._lock = threading.RLock()
        self._drawing = self._closed = False
        self._make_controls()
        self._panels = {step.name: _Panel(number, step) for number, step in enumerate(setup.STEPS, 1)}
        self._head, self._kept = widgets.HTML(), Kept()
        super().__init__(children=[widgets.HTML(STYLE + self._kept.style), self._head, *self._arrange()])
        self.add_class("connect-pandas-setup")
        self._connect_controls()
        self._begin()

    @property
    def connection(self) -> Connection | None:
        """The connection, once it is saved."""
        return None if self._answers.profile is None else self._answers.connection

    def close(self) -> None:
        """Take the form off the page; work under way ends by itself and changes nothing any more."""
        self._closed = True
        close_all(self)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        # A saved or exported notebook has no kernel for the widgets.
        view = View(title=self._title(), verdict="Run this cell to set up a connection with its form.")
        return {**(super()._repr_mimebundle_(**kwargs) or {}), **bundle(view)}

    def _ipython_display_(self) -> None:
        if not in_notebook():
            raise NotImplementedError
        self._kept.show(super()._repr_mimebundle_() or {})

    def __repr__(self) -> str:
        return f"<SetupForm · {self._done()} of {len(_STEPS)} steps done>"

    def _title(self) -> str:
        return f"Connect your account · {self._done()} of {len(_STEPS)} steps done"

    def _done(self) -> int:
        return sum(getattr(self._answers, name) is not None for name in _STEPS)

    # ── what there is on the page ────────────────────────────────────────────────────────────────────────────────

    def _make_controls(self) -> None:
        known = self._known
        own = known.place if known.place not in known.places else None
        self._place = _dropdown(
            "Domain",
            [
                ("– choose –", _CHOOSE),
                (setup.SANDBOX_LABEL, _SANDBOX),
                *((domain, domain) for domain in DOMAINS),
                ("a server of your own", _OWN),
            ],
        )
        self._host = _text("Host", own.host if own else "")
        self._port = _text("Port", str(own.port if own else SFTP_PORT))
        self._endpoint = _text("API address", own.endpoint if own else "", placeholder="https://…")
        self._user = _text("User", "", placeholder="ann@shop.com")
        self._api_key = _hidden("API key")
        self._check_key = _button("Check the API key")
        self._key = _dropdown("Private key", _key_options())
        self._path = _text("File", str(setup.default_key_file()))
        self._passphrase = _hidden("Passphrase")
        self._repeated = _hidden("Once more")
        self._use_key = _button("Make the key pair")
        self._register = _button("Register the public key")
        self._registered = _button("Connect has it already", primary=False)
        self._ask_server = _button("Ask the server", primary=False)
        self._fingerprint = widgets.HTML()
        self._same = _button("It is the same")
        self._another = _button("It is another", primary=False)
        self._look = _button("Log on and look", primary=False)
        self._directory = _dropdown("Directory", [])
        self._take = _button("Take this directory")
        self._test = _button("Test both sides")
        self._profile = _text("Profile", known.profile)
        self._save = _button("Save")

    def _arrange(self) -> list[widgets.Widget]:
        controls = {
            "place": [self._place, self._host, self._port, self._endpoint],
            "user": [self._user],
            "api_key": [self._api_key, self._check_key],
            "key": [self._key, self._path, self._passphrase, self._repeated, self._use_key],
            "registered": [self._register, self._registered],
            "server": [self._ask_server, self._fingerprint, self._same, self._another],
            "directory": [self._look, self._directory, self._take],
            "checkup": [self._test],
            "profile": [self._profile, self._save],
        }
        for name, panel in self._panels.items():
            panel.hold(controls[name])
        for name, control in vars(self).items():
            if isinstance(control, widgets.DOMWidget) and name != "_head":
                control.add_class(f"connect-pandas-setup-{name.strip('_').replace('_', '-')}")
        return [panel.box for panel in self._panels.values()]

    def _connect_controls(self) -> None:
        for control in (self._place, self._host, self._port, self._endpoint):
            self._on_change("place", control, self._place_changed)
        self._on_change("user", self._user, self._user_changed)
        self._on_change("api_key", self._api_key, self._api_key_typed)
        self._on_click("api_key", self._check_key, self._try_api_key)
        self._on_change("key", self._key, self._key_chosen)
        self._on_change("key", self._path, self._key_changed)
        self._on_change("key", self._passphrase, lambda: self._take_secret(self._passphrase))
        self._on_change("key", self._repeated, lambda: self._take_secret(self._repeated))
        self._on_click("key", self._use_key, self._try_key)
        self._on_click("registered", self._register, self._try_register)
        self._on_click("registered", self._registered, self._registered_before)
        self._on_click("server", self._ask_server, lambda: self._start_alone("server"))
        self._on_click("server", self._same, self._fingerprint_is_the_same)
        self._on_click("server", self._another, self._fingerprint_is_another)
        # Both are gone then, and with them the place of who uses the keyboard.
        self._same.on_click(lambda _: self._look.focus())
        self._another.on_click(lambda _: self._ask_server.focus())
        self._on_click("directory", self._look, lambda: self._start_alone("directory"))
        self._on_change("directory", self._directory, lambda: self._answer(directory=None))
        self._on_click("directory", self._take, self._take_directory)
        self._on_click("checkup", self._test, lambda: self._start_alone("checkup"))
        self._on_change("profile", self._profile, lambda: self._answer(profile=None))
        self._on_click("profile", self._save, self._try_save)

    def _begin(self) -> None:
        known = self._known
        if known.place is not None:
            self._place.value = _SANDBOX if known.place.sandbox else known.place.domain or _OWN
        if known.user(known.place):
            self._user.value = known.user(known.place)
        if key := known.settings.get("key_file"):
            self._key.value, self._path.value = _OTHER, str(key)
        self._show()

    def _on_change(self, step: str, control: widgets.Widget, do: Callable[[], object]) -> None:
        control.observe(self._guarded(step, do), "value")

    def _on_click(self, step: str, button: widgets.Button, do: Callable[[], object]) -> None:
        button.on_click(self._guarded(step, do))

    def _guarded(self, step: str, do: Callable[[], object]) -> Callable[[Any], None]:
        """Return the callback; what it raises stands in the form, since the page shows no exception of one."""

        def callback(_event: Any) -> None:
            with self._lock:
                if self._drawing:
                    return
                self._wrong.pop(step, None)
                try:
                    do()
                except Exception as error:  # noqa: BLE001 - see above
                    self._say(step, error)
                self._show()

        return callback

    # ── the steps ────────────────────────────────────────────────────────────────────────────────────────────────

    def _place_changed(self) -> None:
        self._answer(place=None)
        if self._place.value == _CHOOSE:
            return
        place = self._chosen_place()
        known = self._known
        if place.sandbox or not self._user.value:
            self._user.value = known.user(place)
        self._profile.value = known.profile_for(place)
        self._answer(place=place)

    def _chosen_place(self) -> Place:
        if self._place.value == _OWN:
            return self._known.other(self._host.value, self._port.value, self._endpoint.value)
        if self._place.value == _SANDBOX:
            return self._running_sandbox()
        return next(place for place in self._known.places if place.domain == self._place.value)

    def _running_sandbox(self) -> Place:
        """Return the sandbox that runs by now; without one nothing is chosen, so that it can be chosen again."""
        try:
            self._known = setup.known(self._known.profile)
            return self._known.the_sandbox()
        except ConfigurationError:
            self._drawing = True
            self._place.value = _CHOOSE
            self._drawing = False
            raise

    def _user_changed(self) -> None:
        self._answer(user=None)
        if self._user.value.strip():
            self._answers = setup.as_user(self._answers, self._user.value)

    def _api_key_typed(self) -> None:
        if self._take_secret(self._api_key):
            self._answer(api_key=None)
            self._try_api_key()

    def _try_api_key(self) -> None:
        typed = self._typed.get(self._api_key)
        self._start("api_key", "asking the API", lambda a: setup.with_api_key(a, self._known, typed))

    def _key_chosen(self) -> None:
        self._forget(self._passphrase, self._repeated)
        self._path.value = str(setup.default_key_file()) if self._key.value == _NEW else ""
        self._key_changed()

    def _key_changed(self) -> None:
        self._answer(key=None)

    def _try_key(self) -> None:
        passphrase = self._typed.get(self._passphrase)
        if self._key.value == _NEW:
            path, repeated = self._path.value, self._typed.get(self._repeated)
            self._start("key", "making it", lambda a: setup.with_new_key(a, path, passphrase, repeated))
        else:
            path = self._path.value if self._key.value == _OTHER else self._key.value
            self._start("key", "reading it", lambda a: setup.with_key(a, self._known, path, passphrase))

    def _try_register(self) -> None:
        self._start("registered", "registering it", setup.register)

    def _registered_before(self) -> None:
        self._answers = setup.registered_before(self._answers)
        self._go_on()

    def _start_alone(self, step: str) -> None:
        self._looked.pop(step, None)
        match step:
            case "server":
                self._start(step, "asking the file server for its key", self._look_at_server)
            case "directory":
                self._start(step, "logging on to the file server", self._look_for_directories)
            case "checkup":
                self._start(step, "trying both sides", setup.tested)

    def _look_at_server(self, answers: Answers) -> Answers:
        fingerprint = setup.fingerprint_to_confirm(answers)
        if fingerprint is None:
            return setup.trusting(answers, None)
        self._looked["server"] = (answers, fingerprint)
        return answers

    def _fingerprint_is_the_same(self) -> None:
        self._answers = setup.trusting(self._answers, self._shown_fingerprint())
        self._go_on()

    def _fingerprint_is_another(self) -> None:
        fingerprint = self._shown_fingerprint()
        del self._looked["server"]
        self._answer(server=None)
        raise setup.refusing(fingerprint)

    def _shown_fingerprint(self) -> str:
        """Return the fingerprint that the server of this place has shown; that of another is nobody's to confirm."""
        shown: str | None = self._valid_looks().get("server")
        if shown is None:
            raise ConfigurationError("Ask the server first: it has shown no fingerprint yet.")
        return shown

    def _look_for_directories(self, answers: Answers) -> Answers:
        found = setup.directories(answers)
        self._looked["directory"] = (answers, found)
        if len(found) == 1 and found[0] != setup.HOME:
            return setup.in_directory(answers, found[0])
        return answers

    def _take_directory(self) -> None:
        if self._directory.value is None:
            raise ConfigurationError("Choose a directory first.")
        self._answers = setup.in_directory(self._answers, self._directory.value)
        self._go_on()

    def _try_save(self) -> None:
        name = self._profile.value
        self._start("profile", "saving", lambda a: setup.keep(a, name))

    # ── answers and work ─────────────────────────────────────────────────────────────────────────────────────────

    def _answer(self, **answers: Any) -> None:
        self._answers = self._answers.having(**answers)

    def _take_secret(self, control: widgets.Widget) -> bool:
        """Take a secret out of its field, so that no saved widget holds it; whether there was one."""
        if not control.value:
            return False
        self._typed[control] = Secret(control.value)
        control.value = ""
        return True

    def _forget(self, *controls: widgets.Widget) -> None:
        for control in controls:
            self._typed.pop(control, None)

    def _start(self, step: str, doing: str, work: Callable[[Answers], Answers]) -> None:
        """Begin a step's work in a thread: in the kernel's own it would freeze every widget."""
        if step in self._working:  # a second click begins nothing
            return
        if self._working:
            raise ConfigurationError("Another step is still at work. Do this once more when it is done.")
        self._working[step] = doing
        self._wrong.pop(step, None)
        threading.Thread(
            target=self._work, args=(step, self._answers, work), name="connect-pandas-setup", daemon=True
        ).start()

    def _work(self, step: str, before: Answers, work: Callable[[Answers], Answers]) -> None:
        try:
            after, error = work(before), None
        except Exception as raised:  # noqa: BLE001 - the page shows no exception of a thread
            after, error = before, raised
        with self._lock:
            self._working.clear()
            if self._closed:
                return
            if not setup.still_holds(_STEPS[step], before, self._answers):
                self._wrong[step] = "What this rests on was changed meanwhile. Do it once more."
            elif error is not None:
                self._failed(step, error)
            else:
                self._answer(**{step: getattr(after, step)})
                self._forget(*self._secrets_of(step))
                if step == "key":
                    self._show_key_pair()
                if step == "profile":
                    after_cells.look_up()
                self._go_on()
            self._show()

    def _failed(self, step: str, error: Exception) -> None:
        self._say(step, error)
        # What was not even tried is kept for another try: the network may come back.
        if isinstance(error, AuthenticationFailed | ConfigurationError):
            self._forget(*self._secrets_of(step))

    def _secrets_of(self, step: str) -> tuple[widgets.Widget, ...]:
        return {"api_key": (self._api_key,), "key": (self._passphrase, self._repeated)}.get(step, ())

    def _go_on(self) -> None:
        following = self._answers.next
        waits = following is not None and following.name in self._valid_looks()
        if following is not None and following.name in _ALONE and not waits:
            self._start_alone(following.name)

    def _say(self, step: str, error: Exception) -> None:
        self._wrong[step] = setup.in_words(error, self._answers, *self._typed.values())

    def _valid_looks(self) -> dict[str, Any]:
        return {
            name: found
            for name, (before, found) in self._looked.items()
            if setup.still_holds(_STEPS[name], before, self._answers)
        }

    # ── showing it ───────────────────────────────────────────────────────────────────────────────────────────────

    def _show(self) -> None:
        self._drawing = True  # what is drawn is no answer of a person
        try:
            self._draw()
        finally:
            self._drawing = False

    def _draw(self) -> None:
        following = self._answers.next
        open_to = len(_STEPS) if following is None else setup.STEPS.index(following)
        self._head.value = f"<strong>{self._title()}</strong>"
        self._kept.keep(View(title=self._title()))
        self._show_questions()
        for number, (name, panel) in enumerate(self._panels.items()):
            panel.show(
                todo=self._todo(panel.step),
                answer=setup.said(self._answers, panel.step),
                wrong=self._wrong.get(name, ""),
                doing=self._working.get(name, ""),
                is_open=number <= open_to,
            )

    def _todo(self, step: Step) -> str:
        found = self._valid_looks().get(step.name)
        if found is None:
            return self._known.todo(step, self._answers)
        return setup.about_directories(found) if step.name == "directory" else ""

    def _show_questions(self) -> None:
        looked = self._valid_looks()
        _display(self._place.value == _OWN, self._host, self._port, self._endpoint)
        _display(self._key.value in (_NEW, _OTHER), self._path)
        _display(self._key.value == _NEW, self._repeated)
        self._use_key.description = "Make the key pair" if self._key.value == _NEW else "Use this key"
        for control in (self._api_key, self._passphrase, self._repeated):
            empty = "" if control is self._api_key else "none"
            control.placeholder = _TAKEN if control in self._typed else empty
        asked = "server" in looked and self._answers.server is None
        _display(asked, self._fingerprint, self._same, self._another)
        self._fingerprint.value = (
            status(f"It shows {looked['server']}\n{setup.what_to_compare(self._answers)}\nIs it the same?")
            if asked
            else ""
        )
        self._show_directories(looked.get("directory"))
        self._save.description = "Replace the profile of this name" if self._replaces() else "Save"

    def _replaces(self) -> bool:
        try:
            return self._answers.profile is None and setup.is_kept(self._profile.value.strip())
        except ConfigurationError:  # saving says what is wrong with the file
            return False

    def _show_key_pair(self) -> None:
        """Choose the key pair that there is now in the list, so that another click makes no other."""
        pair = self._answers.key
        if pair is not None and self._key.value != str(pair.path):
            self._drawing = True
            self._key.options = options = _key_options()
            self._key.value = str(pair.path) if (str(pair.path),) * 2 in options else _OTHER
            self._path.value = str(pair.path)
            self._drawing = False

    def _show_directories(self, found: tuple[str, ...] | None) -> None:
        _display(found is not None, self._directory, self._take)
        options = [(setup.directory_name(name), name) for name in found or ()]
        if list(self._directory.options) != options:
            self._directory.options = options
            self._directory.value = found[0] if found else None


class _Panel:
    """One step on the page: its title, its controls, and what came of it."""

    def __init__(self, number: int, step: Step) -> None:
        self.step = step
        self.box = widgets.VBox()
        self._title = f"{number} · {step.title}"
        self._head, self._state = widgets.HTML(), widgets.HTML()
        self._controls: list[widgets.Widget] = []
        self._main: list[widgets.Button] = []

    def hold(self, controls: list[widgets.Widget]) -> None:
        buttons = [c for c in controls if isinstance(c, widgets.Button)]
        fields = [c for c in controls if c not in buttons]
        self._controls, self._main = controls, [b for b in buttons if b.button_style == "primary"]
        self.box.children = [self._head, *fields, widgets.HBox(buttons), self._state]
        name = self.step.name.replace("_", "-")
        self.box.add_class("connect-pandas-setup-step")
        self.box.add_class(f"connect-pandas-setup-{name}-step")

    def show(self, *, todo: str, answer: str, wrong: str, doing: str, is_open: bool) -> None:
        state = "wrong" if wrong else "done" if answer else "next" if is_open else "later"
        marks = {"wrong": "✗", "done": "✓", "next": "→", "later": ""}
        self._head.value = f"<h4>{escape(self._title)} {marks[state]}</h4>"
        if doing:
            self._state.value = status(f"… {doing}")
        elif wrong:
            self._state.value = alert(setup.marked("✗", wrong))
        elif answer:
            self._state.value = status(setup.marked("✓", answer))
        else:
            self._state.value = status(todo if is_open else "After the steps above.")
        for name in ("wrong", "done", "next", "later"):
            mark = f"connect-pandas-{name}"
            if name == state:
                self.box.add_class(mark)
            else:
                self.box.remove_class(mark)
        for control in self._controls:
            if isinstance(control, widgets.HTML):
                continue
            # Not while a step is at work: a button that is disabled loses the keyboard's focus.
            control.disabled = not is_open
            if control in self._main:
                control.button_style = "" if answer or not is_open else "primary"


_WIDE: Final = "min(100%, 42em)"


def _text(description: str, value: str, *, placeholder: str = "") -> widgets.Text:
    return widgets.Text(
        description=description,
        value=value,
        placeholder=placeholder,
        style={"description_width": "8em"},
        layout=widgets.Layout(width=_WIDE),
    )


def _hidden(description: str) -> _Hidden:
    return _Hidden(
        description=description,
        continuous_update=False,
        style={"description_width": "8em"},
        layout=widgets.Layout(width=_WIDE),
    )


def _dropdown(description: str, options: list[tuple[str, str]]) -> widgets.Dropdown:
    return widgets.Dropdown(
        description=description,
        options=options,
        style={"description_width": "8em"},
        layout=widgets.Layout(width=_WIDE),
    )


def _button(description: str, *, primary: bool = True) -> widgets.Button:
    return widgets.Button(
        description=description,
        button_style="primary" if primary else "",
        layout=widgets.Layout(width="auto"),
    )


def _key_options() -> list[tuple[str, str]]:
    return [
        ("a new key pair", _NEW),
        *((str(path), str(path)) for path in setup.key_files()),
        ("another file", _OTHER),
    ]


def _display(on: bool, *controls: widgets.Widget) -> None:
    for control in controls:
        control.layout.display = None if on else "none"
