package onnx

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
	"google.golang.org/protobuf/proto"
)

// beside writes a model whose weights, of two numbers each, are in files beside it.
func beside(t *testing.T, folder string, locations ...string) string {
	t.Helper()
	g := &onnxpb.GraphProto{}
	for i, location := range locations {
		w, y := fmt.Sprint("w", i), fmt.Sprint("y", i)
		g.Initializer = append(g.Initializer, &onnxpb.TensorProto{Name: w, DataType: int32(floatKind), Dims: []int64{2},
			DataLocation: onnxpb.TensorProto_EXTERNAL,
			ExternalData: []*onnxpb.StringStringEntryProto{{Key: "location", Value: location}}})
		g.Node = append(g.Node, &onnxpb.NodeProto{OpType: "Relu", Input: []string{w}, Output: []string{y}})
		g.Output = append(g.Output, valueInfo(y, floatKind, []Dim{{Size: 2}}))
	}
	data, err := proto.Marshal(&onnxpb.ModelProto{Graph: g, OpsetImport: []*onnxpb.OperatorSetIdProto{{Version: 17}}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "model.onnx")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// A model reads files of its own folder, however it names them, and no others.
func TestModelsStayInTheirFolder(t *testing.T) {
	outside := t.TempDir()
	folder := filepath.Join(outside, "model")
	for _, dir := range []string{folder, filepath.Join(folder, "below")} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{filepath.Join(outside, "other"), filepath.Join(folder, "own"), filepath.Join(folder, "below", "own")} {
		if err := os.WriteFile(path, make([]byte, 8), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{"out": "../other", "up": "..", "root": filepath.Join(outside, "other"), "in": "below/own", "loop": "loop"} {
		if err := os.Symlink(target, filepath.Join(folder, name)); err != nil {
			t.Skip(err)
		}
	}
	for _, location := range []string{"own", "below/own", "in", "below/../own"} {
		if _, err := Read(beside(t, folder, location)); err != nil {
			t.Errorf("%s: %v", location, err)
		}
	}
	for _, location := range []string{"out", "up/other", "root", "../other", filepath.Join(outside, "other"), "below/../../other", "loop", "", ".",
		"below", "up", "own\x00"} {
		if _, err := Read(beside(t, folder, location)); err == nil || !strings.Contains(err.Error(), `initialiser "w0": its data is in "`+strings.ReplaceAll(location, "\x00", `\x00`)) {
			t.Errorf("%q was read, or refused without saying what: %v", location, err)
		}
	}
}

// The same bytes again and again are memory again and again.
func TestOneFileForManyTensors(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "tied"), make([]byte, 8), 0o644); err != nil {
		t.Fatal(err)
	}
	locations := []string{"tied", "tied", "./tied", "tied"}
	if _, err := Read(beside(t, folder, locations...)); err != nil {
		t.Error(err)
	}
	_, err := Read(beside(t, folder, append(locations, "tied")...))
	if err == nil || !strings.Contains(err.Error(), "take 40 bytes of tied, which has 8; want at most 4 times as many") {
		t.Errorf("five times its bytes: %v", err)
	}
}
