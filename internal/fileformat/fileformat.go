// Package fileformat tells what a file is by its first bytes, whatever its name.
package fileformat

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/unroll-go/unroll/internal/inputfile"
)

// Format is what a file seems to be.
type Format int

// The formats. Unknown may be anything else.
const (
	Unknown Format = iota
	Safetensors
	Index // of safetensors in several files
	Torch
	Pickle // of an older PyTorch, or of anything else
	NumPy
	NumPyArchive
	Keras
	HDF5
	ONNX
	GGUF
	SavedModel
	TFLite
	Zip
	Gzip
	Pointer // of Git LFS
	WebPage
	Text
)

var names = [...]string{
	Unknown: "a file of an unknown format", Safetensors: "a safetensors file", Index: "an index of safetensors files",
	Torch: "a PyTorch file (torch.save)", Pickle: "a Python pickle, such as older versions of torch.save write",
	NumPy: "a NumPy array (.npy)", NumPyArchive: "a zip archive of NumPy arrays (.npz)", Keras: "a Keras model (.keras)",
	HDF5: "an HDF5 file", ONNX: "an ONNX model", GGUF: "a GGUF file of llama.cpp",
	SavedModel: "a SavedModel of TensorFlow", TFLite: "a TensorFlow Lite model", Zip: "a zip archive", Gzip: "a gzip file",
	Pointer: "a pointer of Git LFS instead of the file", WebPage: "a web page", Text: "a text file",
}

// String describes a format in a sentence: "a PyTorch file (torch.save)".
func (f Format) String() string { return names[f] }

// Advice is what to do with a file of a format that is wanted nowhere; empty if nothing is known.
func (f Format) Advice() string {
	switch f {
	case GGUF:
		return "if it is a recurrent language model, package recurrent/pretrained opens it, and unroll inspect, generate and eval"
	case SavedModel, TFLite:
		return "tf2onnx makes an ONNX model of it"
	case Gzip:
		return "unpack it first"
	case Pointer:
		return "run git lfs pull"
	case WebPage:
		return "the download went wrong"
	}
	return ""
}

// Looked is how many bytes of a file Of looks at.
const Looked = 1 << 12

// OfFile tells what a file seems to be. Of a zip archive it reads the list of its files.
func OfFile(path string) (Format, error) {
	f, err := inputfile.Again(path)
	if err != nil {
		return Unknown, err
	}
	defer func() { _ = f.Close() }()
	head := make([]byte, Looked)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return Unknown, err
	}
	format := Of(head[:n])
	if info, err := f.Stat(); err == nil && bytes.HasPrefix(head[:n], []byte("PK")) {
		if z, err := zip.NewReader(f, info.Size()); err == nil {
			return ofArchive(z.File), nil
		}
	}
	return format, nil
}

// ofArchive tells an archive by the names in it.
func ofArchive(files []*zip.File) Format {
	for _, f := range files {
		switch base := path.Base(f.Name); {
		case base == "data.pkl":
			return Torch
		case strings.HasSuffix(base, ".npy"):
			return NumPyArchive
		case f.Name == "config.json" || f.Name == "model.weights.h5":
			return Keras
		}
	}
	return Zip
}

// Of tells what a file seems to be by its first bytes.
func Of(head []byte) Format {
	begins := func(magic string) bool { return bytes.HasPrefix(head, []byte(magic)) }
	has := func(name string) bool { return bytes.Contains(head, []byte(name)) }
	switch {
	case isSafetensors(head): // first: the length of the header may be that of a pickle's or a message's first bytes
		return Safetensors
	case begins("PK\x03\x04") && has(".npy"):
		return NumPyArchive
	case begins("PK\x03\x04") && (has("config.json") || has("model.weights.h5")):
		return Keras
	case begins("PK\x03\x04") && has("data.pkl"):
		return Torch
	case begins("PK\x03\x04"):
		return Zip
	case len(head) > 1 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5:
		return Pickle
	case begins("\x89HDF\r\n\x1a\n"):
		return HDF5
	case begins("GGUF"):
		return GGUF
	case begins("\x93NUMPY"):
		return NumPy
	case begins("\x1f\x8b"):
		return Gzip
	case begins("version https://git-lfs"):
		return Pointer
	case begins("\x08\x01\x12"): // versions of ONNX's files begin at 3
		return SavedModel
	case len(head) >= 8 && string(head[4:8]) == "TFL3":
		return TFLite
	case isONNX(head):
		return ONNX
	case isText(head):
		return ofText(string(head))
	}
	return Unknown
}

func ofText(head string) Format {
	s := strings.ToLower(head)
	switch {
	case strings.HasPrefix(s, "<!doctype html") || strings.HasPrefix(s, "<html"):
		return WebPage
	case strings.HasPrefix(s, "{") && (strings.Contains(s, `"weight_map"`) || strings.Contains(s, `"total_size"`)):
		return Index
	}
	return Text
}

// isONNX tells a message of protobuf whose first field is a small number, the version, and whose next is one of those
// that follow it in a model.
func isONNX(head []byte) bool {
	return len(head) > 2 && head[0] == 0x08 && head[1] < 32 && bytes.IndexByte([]byte{0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42}, head[2]) >= 0
}

// isSafetensors tells the length of a header, and its first character.
func isSafetensors(head []byte) bool {
	return len(head) > 8 && binary.LittleEndian.Uint64(head) <= 100<<20 && head[8] == '{'
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
