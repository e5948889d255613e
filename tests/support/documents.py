"""Documents as parsers meet them, honest ones and others."""

import zlib


def pdf(*pages: str, streams: tuple[bytes, ...] = ()) -> bytes:
    """
    A small PDF; a page without words is a picture to a reader of text.

    Args:
        pages: the words of each.
        streams: content streams (packed with Flate) of further pages, as they are.
    """
    contents = [
        zlib.compress(f"BT /F1 12 Tf 72 700 Td ({words}) Tj ET".encode() if words else b"q Q")
        for words in pages
    ]
    contents += streams
    kids = " ".join(f"{3 + 2 * i} 0 R" for i in range(len(contents)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(contents)} >>".encode(),
    ]
    font = "<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
    for index, packed in enumerate(contents):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources {font}"
            f" /Contents {4 + 2 * index} 0 R >>".encode()
        )
        head = f"<< /Length {len(packed)} /Filter /FlateDecode >>".encode()
        objects.append(head + b"\nstream\n" + packed + b"\nendstream")
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    table = b"".join(f"{place:010} 00000 n \n".encode() for place in places)
    start = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    tail = f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    return out + start + table + tail.encode()


def pdf_bomb(unpacked: int) -> bytes:
    """A PDF of one page whose content unpacks to *unpacked* bytes."""
    packer = zlib.compressobj(9)
    block = b"0 " * 500_000
    packed = b"".join(packer.compress(block) for _ in range(unpacked // len(block)))
    return pdf(streams=(packed + packer.flush(),))


def rtf(words: str) -> bytes:
    """A small RTF."""
    return rb"{\rtf1\ansi " + words.encode("cp1252") + b"}"
