#!/usr/bin/python3
"""Draws docs/images/convolutions.svg and receptive_field.svg for docs/shapes.md: docs/images/make_shapes.py"""

import os

STEP, BOX = 30, 20
INK, GREY, PINK, FIRST, LAST = "#24292f", "#d0d7de", "#ffcecb", "#0969da", "#cf222e"


class Picture:
    def __init__(self, width, height):
        self.size, self.parts = (width, height), []

    def box(self, x, y, text="", fill="white", stroke=INK, dashed=False):
        dash = ' stroke-dasharray="3 2"' if dashed else ""
        self.parts.append(f'<rect x="{x - BOX / 2}" y="{y - BOX / 2}" width="{BOX}" height="{BOX}" rx="3" fill="{fill}" '
                          f'stroke="{stroke}"{dash}/>')
        if text:
            self.text(x, y + 4, text, 11, "white" if fill in (FIRST, LAST) else INK)

    def text(self, x, y, text, size=12, fill=INK, anchor="middle"):
        self.parts.append(f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" fill="{fill}">{text}</text>')

    def line(self, x1, y1, x2, y2, stroke):
        self.parts.append(f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{stroke}" stroke-width="1.5"/>')

    def save(self, name):
        width, height = self.size
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
                       f'height="{height}" font-family="sans-serif">\n<rect width="{width}" height="{height}" fill="white"/>\n')
            file.write("\n".join(self.parts) + "\n</svg>\n")


def convolution(picture, left, top, title, length, kernel, pad_left=0, pad_right=0, stride=1, dilation=1):
    """One convolution: y above, x with its padding below; what the first and the last output read."""
    outputs = (length + pad_left + pad_right - (kernel - 1) * dilation - 1) // stride + 1

    def place(step):
        return left + 45 + (step + 2) * STEP

    y_at, x_at = top + 45, top + 110
    picture.text(left, top + 12, title, 13, anchor="start")
    picture.text(left + 5, y_at + 4, "y")
    picture.text(left + 5, x_at + 4, "x")
    newest = (kernel - 1) * dilation - pad_left  # the newest step that output 0 reads
    causal = pad_left >= (kernel - 1) * dilation
    for output, colour in ((0, FIRST), (outputs - 1, LAST)):
        for tap in range(kernel):
            # An output stands above the middle of what it reads, with causal padding above the newest.
            at = output * stride + (newest if causal else newest - (kernel - 1) * dilation / 2)
            picture.line(place(at), y_at + BOX / 2, place(output * stride + tap * dilation - pad_left), x_at - BOX / 2, colour)
    for output in range(outputs):
        at = output * stride + (newest if causal else newest - (kernel - 1) * dilation / 2)
        picture.box(place(at), y_at, str(output), FIRST if output == 0 else LAST if output == outputs - 1 else "white")
    for step in range(-pad_left, length + pad_right):
        inside = 0 <= step < length
        picture.box(place(step), x_at, str(step) if inside else "0", "white" if inside else GREY, dashed=not inside)


def receptive_field():
    picture = Picture(1020, 335)
    window, gap = 32, 29

    def place(step):
        return 100 + step * gap

    dilations = [8, 4, 2, 1]
    reached = {window - 1}
    for row in range(len(dilations) + 1):
        at = 30 + row * 62
        is_input = row == len(dilations)
        for step in range(window):
            picture.box(place(step), at, str(step) if is_input else "", PINK if step in reached else "white")
        if is_input:
            break
        back = [tap * dilations[row] for tap in range(3)]
        picture.text(8, at + 35, f"k3, dilation {dilations[row]}", 11, anchor="start")
        for step in reached:
            for distance in back:
                picture.line(place(step), at + BOX / 2, place(step - distance), at + 62 - BOX / 2, LAST)
        reached = {step - distance for step in reached for distance in back}
    picture.text(8, 34, "output", anchor="start")
    picture.text(8, 282, "input", anchor="start")
    steps = f"{len(reached)} steps: {min(reached)} to {max(reached)}"
    picture.text(place(15.5), 322, f"the output at step {window - 1} depends on {steps}", 13)
    picture.save("receptive_field.svg")


def main():
    picture = Picture(860, 440)
    convolution(picture, 20, 10, "valid: no zeros, L - 2 outputs", 8, 3)
    convolution(picture, 440, 10, "same: zeros on both sides, L outputs", 8, 3, 1, 1)
    convolution(picture, 20, 155, "causal: zeros before the first step only", 8, 3, 2, 0)
    convolution(picture, 440, 155, "same, kernel 4: the odd zero lies behind", 8, 4, 1, 2)
    convolution(picture, 20, 300, "valid, stride 2", 9, 3, stride=2)
    convolution(picture, 440, 300, "valid, dilation 2", 8, 3, dilation=2)
    picture.save("convolutions.svg")
    receptive_field()


if __name__ == "__main__":
    main()
