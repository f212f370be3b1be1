package main

import (
	"os"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/recurrent/models"
)

// load reads a model of either kind. Every command that takes a model reads it here.
func load(path string) (models.Model, error) {
	m, err := models.Load(path)
	if errors.Is(err, os.ErrNotExist) && path == firstName {
		return nil, errors.Errorf("open %s: no such file; unroll train makes one, and --model names another", path)
	}
	if err != nil {
		return nil, err
	}
	return m, checkOrigin(path, m)
}

// checkOrigin refuses a record of a classifier's table that makes no sense: it is a part of the file, and input like any
// other.
func checkOrigin(path string, m models.Model) error {
	if m.Kind() != models.KindClassifier {
		return nil
	}
	err := checkTable(m.Config().Origin.Table)
	var setting badSetting
	if errors.As(err, &setting) {
		return errors.Errorf("%s: its configuration has %s %s", path, models.FileField(setting.field), setting.problem)
	}
	return errors.Wrap(err, path)
}

// checkTable refuses what cannot be said of a table.
func checkTable(t models.Table) error {
	if !(t.TestPart >= 0 && t.TestPart <= 0.5) {
		return bad("TestPart", "%g; want 0 to 0.5", t.TestPart)
	}
	return formatIn(t).check()
}

// wrongKind is the error of a command that wants the other kind of model.
func wrongKind(path string, m models.Model, want models.Kind) error {
	return errors.Errorf("%s is a %v; want a %v", path, m.Kind(), want)
}
