package main

import (
	"encoding/hex"
	"strings"
	"testing"
)

// TestEncoding compares with what GNU as 2.40 makes of the same instructions.
func TestEncoding(t *testing.T) {
	for _, c := range []struct {
		name string
		got  []byte
		want string
	}{
		{"ldtilecfg (rcx)", tileConfig(cx), "C4 E2 78 49 01"},
		{"ldtilecfg (rsi)", tileConfig(si), "C4 E2 78 49 06"},
		{"tilerelease", tileRelease(), "C4 E2 78 49 C0"},
		{"tilezero tmm0", tileZero(0), "C4 E2 7B 49 C0"},
		{"tilezero tmm1", tileZero(1), "C4 E2 7B 49 C8"},
		{"tilezero tmm2", tileZero(2), "C4 E2 7B 49 D0"},
		{"tilezero tmm3", tileZero(3), "C4 E2 7B 49 D8"},
		{"tileloadd tmm4, [rsi+r9]", tileLoad(rows{si, r9, 0}, 4), "C4 A2 7B 4B 24 0E"},
		{"tileloadd tmm5, [rsi+r9+0x400]", tileLoad(rows{si, r9, 0x400}, 5), "C4 A2 7B 4B AC 0E 00 04 00 00"},
		{"tileloadd tmm6, [rdi+r9]", tileLoad(rows{di, r9, 0}, 6), "C4 A2 7B 4B 34 0F"},
		{"tileloadd tmm7, [rdi+r9+0x400]", tileLoad(rows{di, r9, 0x400}, 7), "C4 A2 7B 4B BC 0F 00 04 00 00"},
		{"tileloadd tmm0, [r8+r10]", tileLoad(rows{r8, r10, 0}, 0), "C4 82 7B 4B 04 10"},
		{"tileloadd tmm1, [r8+r10+0x40]", tileLoad(rows{r8, r10, 0x40}, 1), "C4 82 7B 4B 8C 10 40 00 00 00"},
		{"tileloadd tmm2, [r11+r10]", tileLoad(rows{r11, r10, 0}, 2), "C4 82 7B 4B 14 13"},
		{"tileloadd tmm3, [r11+r10+0x40]", tileLoad(rows{r11, r10, 0x40}, 3), "C4 82 7B 4B 9C 13 40 00 00 00"},
		{"tilestored [r8+r10], tmm0", tileStore(0, rows{r8, r10, 0}), "C4 82 7A 4B 04 10"},
		{"tilestored [r8+r10+0x40], tmm1", tileStore(1, rows{r8, r10, 0x40}), "C4 82 7A 4B 8C 10 40 00 00 00"},
		{"tilestored [r11+r10], tmm2", tileStore(2, rows{r11, r10, 0}), "C4 82 7A 4B 14 13"},
		{"tilestored [r11+r10+0x40], tmm3", tileStore(3, rows{r11, r10, 0x40}), "C4 82 7A 4B 9C 13 40 00 00 00"},
		{"tdpbf16ps tmm0, tmm4, tmm6", tileDots(4, 6, 0), "C4 E2 4A 5C C4"},
		{"tdpbf16ps tmm1, tmm4, tmm7", tileDots(4, 7, 1), "C4 E2 42 5C CC"},
		{"tdpbf16ps tmm2, tmm5, tmm6", tileDots(5, 6, 2), "C4 E2 4A 5C D5"},
		{"tdpbf16ps tmm3, tmm5, tmm7", tileDots(5, 7, 3), "C4 E2 42 5C DD"},
		{"vcvtne2ps2bf16 zmm4, zmm1, zmm0", toBFloat16(0, 1, 4), "62 F2 77 48 72 E0"},
		{"vdpbf16ps zmm0, zmm18, zmm16", dots(18, 16, 0), "62 B2 6E 40 52 C0"},
		{"vdpbf16ps zmm15, zmm27, zmm31", dots(27, 31, 15), "62 12 26 40 52 FF"},
	} {
		if got := strings.ToUpper(hex.EncodeToString(c.got)); got != strings.ReplaceAll(c.want, " ", "") {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
