package fileformat

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

// Files that the frameworks themselves wrote are told for what they are, and so is the rest by its beginning.
func TestOfFile(t *testing.T) {
	root := filepath.Join("..", "..")
	for path, want := range map[string]Format{
		"nn/torch/testdata/state_zip.pt": Torch, "nn/torch/testdata/script.pt": Torch, "nn/torch/testdata/state_legacy.pt": Pickle,
		"nn/torch/testdata/state_zip.safetensors": Safetensors, "nn/numpy/testdata/every.npz": NumPyArchive, "nn/numpy/testdata/one.npy": NumPy,
		"nn/keras/testdata/lstm.weights.h5": HDF5, "nn/onnx/testdata/torch/tagger.onnx": ONNX, "go.mod": Text,
	} {
		if got, err := OfFile(filepath.Join(root, filepath.FromSlash(path))); err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", path, got, err, want)
		}
	}
	path := filepath.Join(t.TempDir(), "file")
	for data, want := range map[string]Format{
		"": Text, `{"metadata": {}, "weight_map": {}}`: Index, "<!DOCTYPE html>": WebPage, "version https://git-lfs.github.com": Pointer,
		"\x1f\x8b\x08": Gzip, "GGUF\x03": GGUF, "\x08\x01\x12\xc1\x57\n": SavedModel, "\x1c\x00\x00\x00TFL3": TFLite,
		"\xff\xfe\x00": Unknown, "PK\x03\x04 cut off": Zip, "PK\x03\x04 m/data.pkl, cut off": Torch,
	} {
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := OfFile(path); err != nil || got != want {
			t.Errorf("%q: %v, %v; want %v", data, got, err, want)
		}
	}
	if _, err := OfFile(path + ".none"); err == nil {
		t.Error("a file that is not there was opened")
	}
}

// A safetensors file whose header is 1152 bytes long begins with the two bytes of a pickle; with 0x121208, with those of a message.
func TestHeadersThatLookLikeOthers(t *testing.T) {
	for _, length := range []uint64{0x0280, 0x0480, 0x0580, 0x121208, 0x22} {
		head := append(binary.LittleEndian.AppendUint64(nil, length), `{"a":{"dtype":"F32"`...)
		if got := Of(head); got != Safetensors {
			t.Errorf("a header of %d bytes makes it %v", length, got)
		}
	}
}
