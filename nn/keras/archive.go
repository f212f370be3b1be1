package keras

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	zipfile "github.com/unroll-go/unroll/internal/archive"
	"github.com/unroll-go/unroll/internal/fileformat"
	"github.com/unroll-go/unroll/internal/inputfile"
	"github.com/unroll-go/unroll/nn/keras/internal/hdf5"
)

// archive is an opened file: a configuration, and the arrays of the layers.
type archive struct {
	config  []byte // JSON; nil if the file has none
	version string // of the Keras that wrote it: "2.14.0"
	file    *hdf5.File
	root    string // group of the weights
	size    int    // bytes of the file
	named   bool   // the form of Keras 2, in which layers have groups by their names, with lists of arrays
}

// open reads a .keras archive or an HDF5 file.
func open(path string) (*archive, error) {
	data, err := inputfile.Read(path)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(data, []byte("PK\x03\x04")) {
		return openZip(path)
	}
	file, err := hdf5.Parse(data)
	switch {
	case err != nil && fileformat.Of(data[:min(len(data), fileformat.Looked)]) != fileformat.HDF5:
		return nil, errors.Wrap(err, "it is neither a .keras archive nor HDF5")
	case err != nil:
		return nil, errors.Wrap(err, "HDF5")
	}
	a := &archive{file: file, size: len(data)}
	config, err := file.Strings("", "model_config")
	if err != nil {
		return nil, err
	}
	if len(config) == 1 {
		a.config = []byte(config[0])
	}
	if file.HasGroup("model_weights") {
		a.root = "model_weights"
	}
	for _, group := range []string{"", a.root} {
		if v, err := file.Strings(group, "keras_version"); err == nil && len(v) == 1 {
			a.version = v[0]
		}
	}
	names, err := a.list("", "layer_names")
	a.named = names != nil
	return a, err
}

// openZip reads the three members of a .keras archive.
func openZip(path string) (*archive, error) {
	z, err := zipfile.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = z.Close() }()
	a := &archive{size: int(z.Size())}
	if a.config, err = z.Read("config.json"); err != nil {
		return nil, errors.Wrap(err, "it is no .keras file")
	}
	about, err := z.Read("metadata.json")
	if err != nil {
		return nil, errors.Wrap(err, "it is no .keras file")
	}
	var metadata struct {
		Version string `json:"keras_version"`
	}
	if err := json.Unmarshal(about, &metadata); err != nil {
		return nil, errors.Wrap(err, "metadata.json")
	}
	a.version = metadata.Version
	weights, err := z.Read("model.weights.h5")
	if err != nil {
		return nil, err
	}
	a.file, err = hdf5.Parse(weights)
	return a, errors.Wrap(err, "model.weights.h5")
}

// list is an attribute of names. Keras cuts a long one into several, with numbers behind the name.
func (a *archive) list(group, name string) ([]string, error) {
	group = strings.Trim(a.root+"/"+group, "/")
	if !a.file.HasGroup(group) {
		return nil, nil
	}
	out, err := a.file.Strings(group, name)
	for i := 0; err == nil && (out != nil) == (i > 0); i++ {
		var part []string
		if part, err = a.file.Strings(group, name+strconv.Itoa(i)); part == nil {
			break
		}
		out = append(out, part...)
	}
	return out, err
}

// byName gives the arrays of a layer in the form of Keras 2, in its order.
func (a *archive) byName(layer string) ([]hdf5.Dataset, error) {
	names, err := a.list(layer, "weight_names")
	if err != nil {
		return nil, err
	}
	var out []hdf5.Dataset
	for _, name := range names {
		if strings.Contains(name, "seed_generator") {
			continue
		}
		d, err := a.file.Dataset(strings.TrimPrefix(a.root+"/"+layer+"/"+name, "/"))
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// byPlace gives the arrays of a layer in the form of Keras 3: those of its parts, in the given order, numbered in each.
func (a *archive) byPlace(path string, parts []string) ([]hdf5.Dataset, error) {
	var out []hdf5.Dataset
	for _, part := range parts {
		vars := strings.TrimSuffix(path+"/"+part, "/") + "/vars/"
		for i := 0; a.file.Has(vars + strconv.Itoa(i)); i++ {
			d, err := a.file.Dataset(vars + strconv.Itoa(i))
			if err != nil {
				return nil, err
			}
			out = append(out, d)
		}
	}
	for _, p := range a.file.Paths() {
		known := slices.ContainsFunc(out, func(d hdf5.Dataset) bool { return d.Path == p })
		if strings.HasPrefix(p, path+"/") && !known && !strings.Contains(p, "/seed_generator/") {
			return nil, errors.Errorf("its array %s has no place in the layer", p)
		}
	}
	return out, nil
}

var (
	notWord  = regexp.MustCompile(`\W+`)
	capWord  = regexp.MustCompile(`(.)([A-Z][a-z]+)`)
	capAfter = regexp.MustCompile(`([a-z])([A-Z])`)
)

// snake is how Keras 3 names the group of a layer after its class: SimpleRNN is simple_rnn.
func snake(class string) string {
	s := capWord.ReplaceAllString(notWord.ReplaceAllString(class, ""), "${1}_$2")
	return strings.ToLower(capAfter.ReplaceAllString(s, "${1}_$2"))
}
