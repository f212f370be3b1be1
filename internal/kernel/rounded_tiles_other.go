//go:build amd64 && !noasm && !linux

package kernel

import "errors"

// tilesReady says that only Linux is known to hand out AMX.
func tilesReady() error {
	return errors.New("an operating system that is known to hand out AMX: Linux")
}
