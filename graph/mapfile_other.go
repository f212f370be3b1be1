//go:build !unix

package graph

import (
	"os"

	"github.com/pkg/errors"
)

// mapFile is not done on this system.
func mapFile(*os.File, int) ([]byte, error) {
	return nil, errors.New("files are not mapped on this system")
}

func mapMemory(int) ([]byte, error) { return nil, errors.New("memory is not mapped on this system") }

func forgetPages([]byte) {}

func unmap([]byte) {}

func ownPages([]byte) error { return nil }
