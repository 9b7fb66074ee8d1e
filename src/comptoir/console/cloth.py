"""Drawings of what is sold: one small garment per kind, coloured by `data-cloth`.

A product without a photograph is drawn in the same square, on the same ground. Classes: `f` the cloth, `d` its seams,
`s` a darker part, `k` a button.
"""

KINDS: dict[str, str] = {
    "coat": (
        '<path class="f" d="M17 8l7 4 7-4 6.5 4.5L41 31l-4.5 1L34 21l1.5 22h-23L14 21l-2.5 11L7'
        ' 31l3.5-18.5z"/>'
        '<path class="d" d="M24 13v30M17 8l4.5 11L24 15l2.5 4L31 8M15.5 30h4M28.5 30h4"/>'
        '<circle class="k" cx="21.5" cy="25" r=".9"/>'
        '<circle class="k" cx="21.5" cy="32" r=".9"/>'
    ),
    "trench": (
        '<path class="f" d="M16 8l8 3 8-3 6 5 3 18-4.5 1L34 22l2 21H12l2-21-2.5 10L7 31l3-18z"/>'
        '<path class="d" d="M13.3 27h21.400M24 11v32M16 8l6 9M32 8l-6 9M21 27v3.5h6V27"/>'
    ),
    "boot": (
        '<path class="f" d="M14 8h12v15c1 4 13 4 14.5 10.5V38H14z"/>'
        '<path class="s" d="M13 38h28v3.5H13z"/>'
        '<path class="d" d="M18 12l4 5v8l-4 4M22 17h4"/>'
    ),
    "sneaker": (
        '<path class="f" d="M7 34V21c3 2 7 1 9-3l12 9c3 2 7 2.5 10 3 3 .5 4 2 4 4z"/>'
        '<path class="s" d="M6.5 34H42v4.5H6.5z"/>'
        '<path class="d" d="M19 20.5l-3 3M22.5 23l-3 3M26 25.700l-2.5 2.8"/>'
    ),
    "jumper": (
        '<path class="f" d="M18 10c2 3.5 10 3.5 12 0l8 4.5L42 35h-6l-2-11v16H14V24l-2'
        ' 11H6l4-20.5z"/>'
        '<path class="d" d="M14 36.5h20M17 12.5c3 4 11 4 14 0M6.5 32h6M35.5 32h6"/>'
    ),
    "scarf": (
        '<path class="f" d="M13 13c1.5-6.5 20.5-6.5 22 0 .8 4-2.5 6.7-7 7.600L31 40h-7.5L22'
        ' 27l-3.5 13H11l4.5-20c-2.3-1.6-3.2-4-2.5-7z"/>'
        '<path class="d" d="M18 13.5c2.5-2.8 9.5-2.8 12 0-2 3-10 3-12 0zM15.5 20c4 2 9 2 12.5.6M22'
        " 27l-.6-6M12.5 40l-.5 3M15 40l-.3 3M17.5 40l-.2 3M25 40l.3 3M27.5 40l.5 3M30 40l.6 3M12"
        ' 35.5h7.600M23 35.5h7.3"/>'
    ),
    "trousers": ('<path class="f" d="M16 7h16l3.5 35h-8L24 19l-3.5 23h-8z"/><path class="d" d="M16 11h16M24 11v8"/>'),
    "shirt": (
        '<path class="f" d="M17 8l7 4 7-4 8 5-3 9-3-1.5V41H15V20.5L12 22l-3-9z"/>'
        '<path class="d" d="M24 12v29M17 8l4 8 3-4 3 4 4-8"/>'
    ),
    "bag": (
        '<path class="d h" d="M17 19c0-13 14-13 14 0"/>'
        '<path class="f" d="M11 18h26l3.5 23h-33z"/>'
        '<path class="d" d="M10.5 24h27"/>'
    ),
    "beanie": (
        '<circle class="s" cx="24" cy="11" r="3.5"/>'
        '<path class="f" d="M10.5 30c-1-20 28-20 27 0z"/>'
        '<path class="s" d="M9 29h30v8.5H9z"/>'
        '<path class="d" d="M15 29v8.5M21 29v8.5M27 29v8.5M33 29v8.5"/>'
    ),
    "dress": (
        '<path class="f" d="M17.5 8h3c.5 5 6.5 5 7 0h3L33 19l-4 4 7 19H12l7-19-4-4z"/>'
        '<path class="d" d="M19 23h10M21 30l-2 12M27 30l2 12"/>'
    ),
}
