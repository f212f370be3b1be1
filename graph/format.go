package graph

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// sniffed is how many bytes of a file formatOf looks at.
const sniffed = 1 << 12

// formatOf tells from a file's first bytes what it seems to be, and what to do then; empty if it could be safetensors.
func formatOf(head []byte) string {
	const convert = "; in Python, safetensors.torch.save_file(state_dict, path) writes what is wanted here"
	begins := func(magic string) bool { return bytes.HasPrefix(head, []byte(magic)) }
	has := func(name string) bool { return bytes.Contains(head, []byte(name)) }
	switch {
	case begins("PK\x03\x04") && has(".npy"):
		return "a zip archive of NumPy arrays (.npz)" + convert
	case begins("PK\x03\x04") && (has("config.json") || has("model.weights.h5")):
		return "a Keras model (.keras); package nn/keras reads the .h5 files that model.save and save_weights write"
	case begins("PK\x03\x04"):
		return "a zip archive, such as torch.save writes" + convert
	case len(head) > 1 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5:
		return "a Python pickle, such as older versions of torch.save write" + convert
	case begins("\x89HDF\r\n\x1a\n"):
		return "an HDF5 file; if Keras wrote it, package nn/keras reads it"
	case begins("GGUF"):
		return "a GGUF file of llama.cpp; want the safetensors file that it was made from"
	case begins("\x93NUMPY"):
		return "a NumPy array (.npy)" + convert
	case begins("\x1f\x8b"):
		return "a gzip file; unpack it first"
	case begins("version https://git-lfs"):
		return "a pointer of Git LFS instead of the file: run git lfs pull"
	case len(head) > 2 && head[0] == 0x08 && (head[2] == 0x12 || head[2] == 0x3a):
		return "an ONNX model; package nn/onnx reads it"
	case isText(head):
		if s := strings.ToLower(string(head)); strings.HasPrefix(s, "<!doctype html") || strings.HasPrefix(s, "<html") {
			return "a web page: the download went wrong"
		}
		return "a text file"
	}
	return ""
}

// isText tells whether bytes are printable UTF-8, but for a character that is cut at the end.
func isText(head []byte) bool {
	for len(head) > 0 {
		r, n := utf8.DecodeRune(head)
		switch {
		case r == utf8.RuneError && n == 1:
			return !utf8.FullRune(head)
		case !unicode.IsPrint(r) && !unicode.IsSpace(r) && r != '\ufeff':
			return false
		}
		head = head[n:]
	}
	return true
}
