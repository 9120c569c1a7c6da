"""Draw the pictures of docs/approvals.md, in English and Chinese: `python3 docs/pictures/draw.py`.

Each row of a picture is one case: who is asked, what they did, what becomes of the stage.
"""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Literal

HERE = Path(__file__).parent
SEAT, GAP, ROW, LEFT, WIDTH = 78, 10, 64, 14, 640
INK, GREY, GOOD, BACK = "#1d2430", "#5b6472", "#1f7a4d", "#a25b00"

Mark = Literal["yes", "no", "abstain", "open", "waits", "unneeded"]
SIGNS: dict[Mark, tuple[str, str]] = {
    "yes": ("✓", GOOD),
    "no": ("↩", BACK),
    "abstain": ("—", GREY),
    "open": ("?", INK),
    "waits": ("…", GREY),
    "unneeded": ("", "#9aa2ad"),
}
Text = tuple[str, str]
"""English and Chinese."""
Case = tuple[Sequence[tuple[str, Mark]], Text, Literal["good", "back", "open"]]

PASSES: Text = ("passes", "通过")
GOES_BACK: Text = ("goes back", "退回")
STAYS: Text = ("stays open", "继续等待")

PICTURES: dict[str, tuple[Text, Sequence[Case]]] = {
    "any": (
        ("Any one: the first approval passes the stage", "或签：有一人同意即通过"),
        [
            ([("A", "yes"), ("B", "unneeded"), ("C", "unneeded")], PASSES, "good"),
            ([("A", "abstain"), ("B", "open"), ("C", "open")], STAYS, "open"),
        ],
    ),
    "all": (
        ("All: everybody who doesn't abstain approves", "会签：除弃权外人人同意"),
        [
            ([("A", "yes"), ("B", "yes"), ("C", "abstain")], PASSES, "good"),
            ([("A", "yes"), ("B", "yes"), ("C", "open")], STAYS, "open"),
        ],
    ),
    "quorum": (
        ("Vote: 60 % of weight 5 is 3", "票签：总权重 5 的 60 % 即 3"),
        [
            (
                [("A · 2", "yes"), ("B · 1", "yes"), ("C · 2", "unneeded")],
                ("2 + 1 = 3: passes", "2 + 1 = 3：通过"),
                "good",
            ),
            (
                [("A · 2", "no"), ("B · 1", "no"), ("C · 2", "open")],
                ("at most 2 of 3: goes back", "最多 2，不足 3：退回"),
                "back",
            ),
        ],
    ),
    "veto": (
        ("Veto: one return ends the stage", "一票退回：一人退回即结束"),
        [([("A", "yes"), ("B", "no"), ("C", "unneeded")], GOES_BACK, "back")],
    ),
    "vote": (
        ("Votes: a return counts against", "计票：退回按一票反对计"),
        [
            (
                [("A", "no"), ("B", "yes"), ("C", "yes")],
                ("2 of 2: passes", "2 票已够：通过"),
                "good",
            ),
            (
                [("A", "no"), ("B", "no"), ("C", "open")],
                ("1 of 2 at most: goes back", "最多 1 票，不足 2：退回"),
                "back",
            ),
        ],
    ),
    "advice": (
        ("Opinions only: all have spoken, or the time is up", "只提意见：都已表态或期限已到"),
        [
            (
                [("A", "yes"), ("B", "no"), ("C", "yes")],
                ("goes on with three opinions", "带着三条意见继续"),
                "good",
            ),
            (
                [("A", "yes"), ("B", "unneeded"), ("C", "unneeded")],
                ("time is up: goes on", "期限已到：继续"),
                "good",
            ),
        ],
    ),
    "sequential": (
        ("In order: each waits for the one before", "依次：前一人表态后才轮到"),
        [([("A", "yes"), ("B", "open"), ("C", "waits")], ("B's turn", "轮到 B"), "open")],
    ),
    "added": (
        (
            "D was added: the stage waits for D, who weighs nothing",
            "加签 D：须等 D 表态，但不计权重",
        ),
        [
            ([("A", "yes"), ("B", "yes"), ("+ D", "open")], STAYS, "open"),
            ([("A", "yes"), ("B", "yes"), ("+ D", "yes")], PASSES, "good"),
        ],
    ),
    "return": (
        ("Stage 3 returns it to stage 1", "第 3 环节退回到第 1 环节"),
        [
            (
                [("1", "yes"), ("2", "yes"), ("3", "no")],
                ("1 is asked again", "重新请第 1 环节"),
                "back",
            ),
            (
                [("1", "yes"), ("2", "open"), ("3", "waits")],
                ("restart: 2, then 3", "重新审批：再经第 2、第 3"),
                "open",
            ),
            (
                [("1", "yes"), ("2", "unneeded"), ("3", "open")],
                ("resume: straight to 3", "直接续审：直接到第 3"),
                "open",
            ),
        ],
    ),
    "blocked": (
        (
            "Nobody holds the post: blocked, until somebody is appointed",
            "岗位空缺：受阻，任命后自动恢复",
        ),
        [([("—", "waits")], ("blocked, never passed", "受阻，绝不自动通过"), "open")],
    ),
}


def picture(title: str, cases: Sequence[tuple[Sequence[tuple[str, Mark]], str, str]]) -> str:
    """One picture; without styles, so that it is allowed wherever it is shown."""
    height = 44 + ROW * len(cases)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}"'
        f' height="{height}" role="img" font-family="sans-serif" font-size="15">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#fff" stroke="#d5dae1"/>',
        f'<text x="{LEFT}" y="28" font-weight="600" fill="{INK}">{escape(title)}</text>',
    ]
    for number, (seats, result, tone) in enumerate(cases):
        top = 44 + ROW * number
        for place, (name, mark) in enumerate(seats):
            parts += _seat(LEFT + place * (SEAT + GAP), top, name, mark)
        end = LEFT + len(seats) * (SEAT + GAP)
        colour = {"good": GOOD, "back": BACK, "open": GREY}[tone]
        parts.append(
            f'<path d="M{end} {top + 22}h24m-7 -5l7 5l-7 5" fill="none" stroke="{colour}"/>'
        )
        parts.append(
            f'<text x="{end + 34}" y="{top + 27}" fill="{colour}" font-weight="600">'
            f"{escape(result)}</text>"
        )
    return "\n".join([*parts, "</svg>", ""])


def _seat(x: int, y: int, name: str, mark: Mark) -> list[str]:
    sign, colour = SIGNS[mark]
    dash = ' stroke-dasharray="4 3"' if mark in ("waits", "unneeded", "open") else ""
    return [
        f'<rect x="{x}" y="{y}" width="{SEAT}" height="44" rx="5" fill="#fff" stroke="{colour}"'
        f' stroke-width="1.5"{dash}/>',
        f'<text x="{x + 10}" y="{y + 27}" fill="{colour if mark == "unneeded" else INK}">'
        f"{escape(name)}</text>",
        f'<text x="{x + SEAT - 10}" y="{y + 28}" text-anchor="end" font-size="18" fill="{colour}">'
        f"{sign}</text>",
    ]


def draw() -> dict[str, str]:
    """Every picture by its file name."""
    return {
        f"{name}{ending}.svg": picture(
            title[language], [(seats, result[language], tone) for seats, result, tone in cases]
        )
        for name, (title, cases) in PICTURES.items()
        for language, ending in enumerate(("", ".zh-CN"))
    }


if __name__ == "__main__":
    for name, content in draw().items():
        (HERE / name).write_text(content, encoding="utf-8")
