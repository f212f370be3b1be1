//go:build unix

package graph

import (
	"os"
	"syscall"
)

// mapFile has the bytes of a file as memory of its own: writing into it does not change the file.
func mapFile(f *os.File, size int) ([]byte, error) {
	return syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE)
}

func unmap(b []byte) { _ = syscall.Munmap(b) }
