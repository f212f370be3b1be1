"""What mkdocs is told of these pages: the map is the navigation, and what is not part of the site is on GitHub."""

import posixpath
import re

SOURCE = "https://github.com/unroll-go/unroll/blob/main/"
LINK = re.compile(r"(\]\()([^)\s]+)(\))")
FENCE = re.compile(r"(?ms)^```.*?^```\n?|`[^`\n]+`")
PARTS = (".md", ".png", ".svg", ".gif")


def on_config(config):
    """Makes the navigation of docs/README.md: its parts, and in each the pages in their order."""
    with open(config.docs_dir + "/README.md", encoding="utf-8") as f:
        text = f.read()
    seen, nav = set(), [{"Map": "README.md"}]
    first, *parts = re.split(r"(?m)^## ", text)
    for title, body in [("Start", first)] + [p.split("\n", 1) for p in parts]:
        pages = []
        for name, target in re.findall(r"\[([^\]]+)\]\(([^)#\s]+)[^)]*\)", body):
            if target.endswith(".md") and not target.startswith("..") and target not in seen and "://" not in target:
                seen.add(target)
                name = " ".join(name.split())
                pages.append({name[0].upper() + name[1:]: target})
        nav.append({title.strip(): pages})
    config.nav = nav
    return config


def on_page_markdown(markdown, page, config, files):
    """Turns links that leave the site, to sources say, into links to GitHub."""
    here = posixpath.dirname(page.file.src_uri)

    def moved(match):
        target, _, anchor = match[2].partition("#")
        if "://" in target or target.startswith("mailto:") or not target:
            return match[0]
        path = posixpath.normpath(posixpath.join("docs", here, target))
        if path.startswith("docs/") and path.endswith(PARTS):
            return match[0]
        return match[1] + SOURCE + path + ("#" + anchor if anchor else "") + match[3]

    out, at = [], 0
    for block in FENCE.finditer(markdown):  # code stays as it is
        out += [LINK.sub(moved, markdown[at : block.start()]), block[0]]
        at = block.end()
    return "".join(out + [LINK.sub(moved, markdown[at:])])
