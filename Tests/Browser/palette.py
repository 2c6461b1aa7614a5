"""Makes PNGs small: pages have few colours, so 64 do, and one octet for each pixel."""
import struct
import zlib
from collections import Counter


def small(data):
    """data: a PNG of 8 bits a colour, not interlaced, as browsers write it."""
    place, body = 8, b""
    while place < len(data):
        size, kind = struct.unpack(">I4s", data[place:place + 8])
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", data[place + 8:place + 18])
        elif kind == b"IDAT":
            body += data[place + 8:place + 8 + size]
        place += 12 + size
    assert depth == 8 and colour in (2, 6)
    n = 3 if colour == 2 else 4
    raw, rows, before, line = zlib.decompress(body), [], bytearray(width * n), width * n
    for y in range(height):
        kind, row = raw[y * (line + 1)], bytearray(raw[y * (line + 1) + 1:(y + 1) * (line + 1)])
        if kind == 1:
            for x in range(n, line):
                row[x] = (row[x] + row[x - n]) & 255
        elif kind == 2:
            row = bytearray((a + b) & 255 for a, b in zip(row, before))
        elif kind == 3:
            for x in range(line):
                row[x] = (row[x] + (((row[x - n] if x >= n else 0) + before[x]) >> 1)) & 255
        elif kind == 4:
            for x in range(line):
                a, b, c = (row[x - n] if x >= n else 0), before[x], (before[x - n] if x >= n else 0)
                p = a + b - c
                pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
                row[x] = (row[x] + (a if pa <= pb and pa <= pc else b if pb <= pc else c)) & 255
        rows.append(bytes(row))
        before = row
    pixels = [[row[x:x + 3] for x in range(0, line, n)] for row in rows]
    counts = Counter(pixel for row in pixels for pixel in row)
    palette = [colour for colour, _ in counts.most_common(64)]
    index = {colour: i for i, colour in enumerate(palette)}
    for colour in counts:
        if colour not in index:
            index[colour] = min(range(len(palette)), key=lambda i: sum((a - b) ** 2 for a, b in zip(palette[i], colour)))
    packed = b"".join(b"\0" + bytes(index[p] for p in row) for row in pixels)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)) + chunk(b"PLTE", b"".join(palette))
            + chunk(b"IDAT", zlib.compress(packed, 9)) + chunk(b"IEND", b""))
