package command

import (
	"os"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/recurrent/models"
)

// loadBeside reads an adapter, and the model that it belongs to.
func loadBeside(base, adapter string) (models.Model, error) {
	if base == "" {
		return nil, errors.Errorf("%s is an adapter that does not tell of which model: name it with --model MODEL --adapter %s", adapter, adapter)
	}
	m, err := load(base)
	if errors.Is(err, os.ErrNotExist) {
		return nil, errors.Errorf("%s is an adapter of %s, which is not there: name it with --model MODEL --adapter %s", adapter, base, adapter)
	}
	if err != nil {
		return nil, err
	}
	m, err = models.LoadAdapted(m, adapter)
	if err != nil {
		return nil, err
	}
	return m, checkOrigin(adapter, m)
}

// baseOf is where the model of an adapter is, if its file tells.
func baseOf(adapter string) string {
	_, err := models.Load(adapter)
	var found *models.AdapterError
	if errors.As(err, &found) {
		return found.Base
	}
	return ""
}
