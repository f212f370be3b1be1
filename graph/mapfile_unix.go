//go:build unix

package graph

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mapFile has the bytes of a file as memory of its own: writing into it does not change the file.
func mapFile(f *os.File, size int) ([]byte, error) {
	return syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE)
}

// mapMemory is memory of a size that is taken page by page, when it is written to.
func mapMemory(size int) ([]byte, error) {
	return syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
}

// forgetPages tells the system that nobody reads the bytes of whole pages until they have been written, or read from their file,
// again.
func forgetPages(b []byte) {
	if len(b) > 0 {
		_ = unix.Madvise(b, unix.MADV_DONTNEED) // without it, they take memory
	}
}

func unmap(b []byte) {
	if len(b) > 0 {
		_ = syscall.Munmap(b)
	}
}

// ownPages puts memory of the process in the place of a file's pages, with the same bytes. To write into every page would not be
// enough: when a file is cut, the system takes away the pages that were written to as well.
func ownPages(b []byte) error {
	buffer := make([]byte, min(len(b), 1<<20)) // whole pages of any size
	for len(b) > 0 {
		part := b[:min(len(b), len(buffer))]
		copy(buffer, part)
		_, err := unix.MmapPtr(-1, 0, unsafe.Pointer(&part[0]), uintptr(len(part)), unix.PROT_READ|unix.PROT_WRITE,
			unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_FIXED)
		if err != nil {
			return err
		}
		copy(part, buffer)
		b = b[len(part):]
	}
	return nil
}
