"""Makes spam.txt from the mails of the package named in README.md: python3 make.py package/data > spam.txt"""

import email
import email.policy
import html.parser
import pathlib
import re
import sys
import unicodedata

LIMIT = 1500  # characters of a mail's text that are kept
GROUPS = {"easy-ham-1": "ham", "easy-ham-2": "ham", "hard-ham-1": "ham", "spam-1": "spam", "spam-2": "spam"}


class Page(html.parser.HTMLParser):
    """The text of an HTML page, without its scripts and styles."""

    def __init__(self):
        super().__init__()
        self.pieces, self.hidden = [], 0

    def handle_starttag(self, tag, attrs):
        self.hidden += tag in ("script", "style")
        self.pieces.append(" ")

    def handle_endtag(self, tag):
        self.hidden -= tag in ("script", "style") and self.hidden > 0
        self.pieces.append(" ")

    def handle_data(self, data):
        if not self.hidden:
            self.pieces.append(data)


def decoded(part):
    raw = part.get_payload(decode=True) or b""
    try:
        return raw.decode(part.get_content_charset() or "latin-1")
    except (LookupError, UnicodeDecodeError):
        return raw.decode("latin-1")


def body(mail):
    plain, pages = [], []
    for part in mail.walk():
        if part.get_content_maintype() == "text":
            (pages if part.get_content_subtype() == "html" else plain).append(decoded(part))
    text = "\n".join(plain)
    if not text.strip() and pages:
        page = Page()
        page.feed("\n".join(pages))
        page.close()
        text = "".join(page.pieces)
    return text


def subject(mail):
    try:
        return str(email.header.make_header(email.header.decode_header(mail.get("Subject", ""))))
    except (LookupError, UnicodeDecodeError, email.errors.HeaderParseError):
        return mail.get("Subject", "")


def clean(text):
    text = unicodedata.normalize("NFC", text)
    text = re.sub(r"[\w.+-]+@[\w-]+(\.[\w-]+)+", "<address>", text)  # people's addresses are nobody's business
    text = "".join(" " if unicodedata.category(c)[0] in "ZC" else c for c in text)
    return re.sub(" +", " ", text).strip()[:LIMIT].strip()


seen = set()
for group, label in GROUPS.items():
    for path in sorted(pathlib.Path(sys.argv[1], group).glob("*.txt")):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.compat32)
        text = clean(subject(mail) + " | " + body(mail))
        if text != "|" and text not in seen:
            seen.add(text)
            print(label, text, sep="\t")
