// Package zoo has small trained models by name. They come with the releases of the library, are fetched when they are first
// used, and checked by their hashes:
//
//	m, err := zoo.Load(ctx, "kjv", catalog.Options{})
//	text, err := m.(*models.LanguageModel).Generate(ctx, "In the beginning", models.Generation{})
//
// What makes each model is part of this package, too: Model.Make trains it on data that comes with the library. Trainings
// repeat to the bit, so anybody can check that a file is what it says it is.
package zoo

import (
	"context"
	"path/filepath"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets/catalog"
	"github.com/unroll-go/unroll/recurrent/models"
)

// Model is a trained model that comes with the releases.
type Model struct {
	Name    string // by which Find and Load know it
	Title   string
	Kind    models.Kind
	Data    string // data set that it was trained on, see catalog.Find
	Result  string // how good it is, on data that it was not trained on
	Minutes int    // that making it takes about, on one core
	SHA256  string // of its file
	Bytes   int64  // of its file

	config models.Config
	loop   recipe
}

// releases is where the files are. A release of models has its own number: a file never changes.
var releases = "https://github.com/unroll-go/unroll/releases/download/models-1/"

// All are the models, in the order of the documentation.
func All() []Model { return []Model{kjv(), names(), spam()} }

// Find is the model of that name.
func Find(name string) (Model, bool) {
	for _, m := range All() {
		if m.Name == name {
			return m, true
		}
	}
	return Model{}, false
}

// Load reads the model of that name, and fetches it before if need be.
func Load(ctx context.Context, name string, o catalog.Options) (models.Model, error) {
	m, ok := Find(name)
	if !ok {
		return nil, errors.Errorf("zoo: no model is called %q", name)
	}
	path, err := m.Fetch(ctx, o)
	if err != nil {
		return nil, err
	}
	return models.Load(path)
}

// folder is the one of the cache that has the models.
const folder = "models"

// info describes the model's file to whoever fetches data sets.
func (m Model) info() catalog.Info {
	return catalog.Info{Name: folder, Title: m.Title, Files: []catalog.File{{
		Name: m.file(), URLs: []string{releases + m.file()}, SHA256: m.SHA256, Bytes: m.Bytes,
	}}}
}

func (m Model) file() string { return m.Name + ".safetensors" }

// Path is where the model's file is once it is fetched.
func (m Model) Path(o catalog.Options) (string, error) {
	cache := o.Folder
	if cache == "" {
		var err error
		if cache, err = catalog.CacheFolder(); err != nil {
			return "", err
		}
	}
	return filepath.Join(cache, folder, m.file()), nil
}

// OnDisk says whether the model's file is there. It does not check its hash, as Fetch does.
func (m Model) OnDisk(o catalog.Options) (bool, error) { return catalog.OnDisk(m.info(), o) }

// Fetch fetches the model's file if it is not there yet, checks its hash, and returns its path. A file that cannot be fetched
// is a *catalog.MissingError.
func (m Model) Fetch(ctx context.Context, o catalog.Options) (string, error) {
	if m.Name == "" {
		return "", errors.New("zoo: there is no model: Find gives one")
	}
	path, err := m.Path(o)
	if err != nil {
		return "", err
	}
	return path, errors.WithMessagef(catalog.Download(ctx, m.info(), o), "zoo: %s", m.Name)
}

// Config is how the model is trained.
func (m Model) Config() models.Config { return m.config }

// Make trains the model, as its file was made, and saves it. The run's Checkpoint is path, unless it names another file.
func (m Model) Make(ctx context.Context, path string, r models.Run) error {
	if m.loop == nil {
		return errors.New("zoo: there is no model: Find gives one")
	}
	if r.Checkpoint == "" {
		r.Checkpoint = path
	}
	l, model, err := m.loop(ctx, m.config, r)
	if err != nil {
		return err
	}
	if _, err := l.Run(ctx); err != nil {
		return err
	}
	return model.Save(path)
}
