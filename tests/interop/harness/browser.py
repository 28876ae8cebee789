"""The person's browser: follows redirects, keeps cookies, fills in forms. No scripts, as a cautious person's."""

from __future__ import annotations

import urllib.request
from dataclasses import dataclass, field
from email.message import Message
from html.parser import HTMLParser
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import urlencode, urljoin

TIMEOUT_SECONDS = 20
REDIRECTS = 20


class Lost(Exception):
    """The page does not offer what the person was looking for."""


@dataclass
class Control:
    """Something to press or choose: a button, or one option of a choice."""

    name: str | None
    value: str
    label: str
    presses: bool


@dataclass
class Form:
    """A form: where it goes, what it sends anyway, what a person may choose."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    controls: list[Control] = field(default_factory=list)


@dataclass
class Page:
    """What the browser shows at the end of the redirects."""

    url: str
    status: int
    text: str
    forms: list[Form]


class Browser:
    """One person's browser with its own cookies, speaking through the recording proxy."""

    def __init__(self, proxy: str) -> None:
        self._proxy = proxy.removeprefix("http://")
        cookies = CookieJar(DefaultCookiePolicy(strict_ns_domain=DefaultCookiePolicy.DomainLiberal))
        self._opener = urllib.request.OpenerDirector()
        self._opener.add_handler(urllib.request.HTTPHandler())
        self._opener.add_handler(urllib.request.HTTPCookieProcessor(cookies))

    def open(self, url: str) -> Page:
        """Goes to an address and wherever it leads."""
        return self._go("GET", url, None)

    def offers(self, page: Page, label: str) -> bool:
        """Whether there is anything with this label to press or choose."""
        return any(_is_called(control, label) for form in page.forms for control in form.controls)

    def press(self, page: Page, label: str) -> Page:
        """Presses the button with this label; where it is an option, chooses it and sends the form."""
        for form in page.forms:
            for control in form.controls:
                if _is_called(control, label):
                    return self._submit(page, form, control)
        seen = [control.label or control.value for form in page.forms for control in form.controls]
        raise Lost(f"nothing called {label!r} on {page.url} (status {page.status}); there is {seen}")

    def _submit(self, page: Page, form: Form, control: Control) -> Page:
        sent = dict(form.fields)
        if control.name:
            sent[control.name] = control.value
        if not control.presses:
            submit = next((other for other in form.controls if other.presses), None)
            if submit and submit.name:
                sent[submit.name] = submit.value
        action = urljoin(page.url, form.action) if form.action else page.url
        if form.method == "get":
            return self._go("GET", f"{action.partition('?')[0]}?{urlencode(sent)}", None)
        return self._go("POST", action, urlencode(sent).encode())

    def _go(self, method: str, url: str, body: bytes | None) -> Page:
        for _ in range(REDIRECTS):
            request = urllib.request.Request(url, data=body, method=method, headers={"Accept": "text/html"})
            if body is not None:
                request.add_header("Content-Type", "application/x-www-form-urlencoded")
            request.set_proxy(self._proxy, "http")
            response = self._opener.open(request, timeout=TIMEOUT_SECONDS)
            text = response.read().decode(errors="replace")
            headers: Message = response.headers
            location = headers["Location"]
            if response.status not in (301, 302, 303, 307, 308) or not location:
                return Page(url, response.status, text, _forms(text))
            url = urljoin(url, location)
            if response.status not in (307, 308):
                method, body = "GET", None
        raise Lost(f"more than {REDIRECTS} redirects, the last one to {url}")


def _is_called(control: Control, label: str) -> bool:
    return label.casefold() in f"{control.label} {control.value}".casefold()


def visible_text(html: str) -> str:
    """What a person reads on a page, without its markup, white space folded."""
    parser = _Text()
    parser.feed(html)
    return " ".join("".join(parser.parts).split())


def _forms(html: str) -> list[Form]:
    parser = _Forms()
    parser.feed(html)
    return parser.forms


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("style", "script", "title")
        self.parts.append(" " if tag in ("p", "div", "br", "li", "dt", "dd", "button", "td", "h1", "h2") else "")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "script", "title")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


class _Forms(HTMLParser):
    """Collects forms with their fields, and for every control the words that stand on it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._labelled: list[Control] = []
        self._label_text: str | None = None
        self._label_control: Control | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._form)
        elif tag == "label":
            self._label_text, self._label_control = "", None
        elif self._form is not None:
            self._control(tag, given)

    def _control(self, tag: str, given: dict[str, str]) -> None:
        assert self._form is not None
        kind = given.get("type", "submit" if tag == "button" else "text").lower()
        name, value = given.get("name") or None, given.get("value", "")
        if tag == "select":
            self._select = name
        elif tag == "option":
            self._add(Control(self._select, value, "", presses=False), words_follow=True)
        elif tag == "button" and kind == "submit":
            self._add(Control(name, value, given.get("aria-label", ""), presses=True), words_follow=True)
        elif tag == "input" and kind == "submit":
            self._add(Control(name, value, value, presses=True), words_follow=False)
        elif tag == "input" and kind == "radio":
            control = Control(name, value, "", presses=False)
            self._add(control, words_follow=False)
            if self._label_text is not None:
                control.label, self._label_control = self._label_text, control
        elif tag == "input" and name and (kind != "checkbox" or "checked" in given):
            self._form.fields[name] = value

    def _add(self, control: Control, words_follow: bool) -> None:
        assert self._form is not None
        self._form.controls.append(control)
        if words_follow:
            self._labelled.append(control)

    def handle_data(self, data: str) -> None:
        if self._labelled:
            self._labelled[-1].label += data
        if self._label_text is not None:
            self._label_text += data
            if self._label_control is not None:
                self._label_control.label += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "label":
            self._label_text = self._label_control = None
        elif tag == "select":
            self._select = None
        elif tag in ("button", "option") and self._labelled:
            control = self._labelled.pop()
            control.label = " ".join(control.label.split())
