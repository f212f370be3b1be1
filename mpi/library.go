package mpi

import (
	"os"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"
	"github.com/pkg/errors"
)

// abi are the constants of one of MPI's binary interfaces. Handles are numbers in the standard one and in MPICH, and addresses in
// Open MPI.
type abi struct {
	name                       string
	world                      uintptr
	byteType, float32, float64 uintptr
	sum                        uintptr
	inPlace                    uintptr
	funneled                   int32
}

// standard is that of MPI 5.0, chapter 20 (mpi_abi.h); mpich that of MPICH's mpi.h since version 3.
var (
	standard = abi{"the standard interface", 0x101, 0x247, 0x210, 0x214, 0x21, 1, 1024}
	mpich    = abi{"MPICH's interface", 0x44000000, 0x4c00010d, 0x4c00040a, 0x4c00080b, 0x58000003, ^uintptr(0), 1}
)

// openMPI looks up the objects whose addresses are Open MPI's handles.
func openMPI(handle uintptr) (abi, error) {
	a := abi{name: "Open MPI's interface", inPlace: 1, funneled: 1}
	for _, s := range []struct {
		symbol string
		to     *uintptr
	}{
		{"ompi_mpi_comm_world", &a.world}, {"ompi_mpi_byte", &a.byteType}, {"ompi_mpi_float", &a.float32},
		{"ompi_mpi_double", &a.float64}, {"ompi_mpi_op_sum", &a.sum},
	} {
		address, err := purego.Dlsym(handle, s.symbol)
		if err != nil {
			return a, err
		}
		*s.to = address
	}
	return a, nil
}

// library is an MPI library. Functions return MPI's error codes, 0 for none; unless told otherwise, MPI itself ends all processes
// at an error.
type library struct {
	abi  abi
	path string

	initThread func(argc, argv unsafe.Pointer, required int32, provided *int32) int32
	finalize   func() int32
	abort      func(comm uintptr, code int32) int32
	commRank   func(comm uintptr, rank *int32) int32
	commSize   func(comm uintptr, size *int32) int32
	version    func(text *byte, length *int32) int32
	isend      func(buf unsafe.Pointer, count int32, kind uintptr, to, tag int32, comm uintptr, request *uintptr) int32
	irecv      func(buf unsafe.Pointer, count int32, kind uintptr, from, tag int32, comm uintptr, request *uintptr) int32
	test       func(request *uintptr, done *int32, status *status) int32
	allReduce  func(send uintptr, recv unsafe.Pointer, count int32, kind, op, comm uintptr) int32
}

// status is as large as the largest MPI_Status.
type status [16]int64

// candidates are the names of libraries, in the order in which they are tried.
func candidates() []string {
	names := []string{"libmpi_abi.so.1", "libmpi.so.40", "libmpi.so.12", "libmpi.so",
		"libmpi_abi.1.dylib", "libmpi.40.dylib", "libmpi.12.dylib"}
	if os.Getenv("OMPI_COMM_WORLD_SIZE") != "" { // Open MPI's mpirun has started this process
		return append([]string{"libmpi.so.40"}, names...)
	}
	return names
}

// load opens a library, or the first that is found.
func load(path string) (*library, error) {
	names := candidates()
	if path != "" {
		names = []string{path}
	}
	var problems []string
	for _, name := range names {
		handle, err := purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_GLOBAL)
		if err == nil {
			return bind(handle, name)
		}
		problems = append(problems, err.Error())
	}
	if path != "" {
		return nil, errors.Errorf("the library %s: %s", path, problems[0])
	}
	return nil, errors.Errorf("no MPI library was found (%s); install Open MPI or MPICH, or set LD_LIBRARY_PATH", strings.Join(names, ", "))
}

// bind finds the functions of an open library, and which interface it has.
func bind(handle uintptr, name string) (l *library, err error) {
	l = &library{path: name}
	if strings.Contains(name, "mpi_abi") {
		l.abi = standard
	} else if l.abi, err = openMPI(handle); err != nil {
		l.abi = mpich
	}
	for _, f := range []struct {
		name string
		to   any
	}{
		{"MPI_Init_thread", &l.initThread}, {"MPI_Finalize", &l.finalize}, {"MPI_Abort", &l.abort}, {"MPI_Comm_rank", &l.commRank},
		{"MPI_Comm_size", &l.commSize}, {"MPI_Get_library_version", &l.version}, {"MPI_Isend", &l.isend}, {"MPI_Irecv", &l.irecv},
		{"MPI_Test", &l.test}, {"MPI_Allreduce", &l.allReduce},
	} {
		address, err := purego.Dlsym(handle, f.name)
		if err != nil {
			return nil, errors.Errorf("%s is no MPI library: it has no %s", name, f.name)
		}
		purego.RegisterFunc(f.to, address)
	}
	return l, nil
}

// begin initialises the library for a World.
func (l *library) begin(w *World) error {
	var provided, rank, size, length int32
	if err := l.check("MPI_Init_thread", l.initThread(nil, nil, l.abi.funneled, &provided)); err != nil {
		return err
	}
	if provided < l.abi.funneled {
		return errors.Errorf("%s serves programs of a single thread alone (MPI_Init_thread gives %d)", l.path, provided)
	}
	text := make([]byte, 1<<14)
	l.version(&text[0], &length)
	line, _, _ := strings.Cut(string(text[:max(0, min(int(length), len(text)))]), "\n")
	line, _, _ = strings.Cut(line, ", package")
	w.version = strings.Join(strings.Fields(strings.Trim(line, "\x00")), " ") + " (" + l.abi.name + ")"
	l.commRank(l.abi.world, &rank)
	l.commSize(l.abi.world, &size)
	w.rank, w.size = int(rank), int(size)
	return nil
}

// check makes an error of a code.
func (l *library) check(function string, code int32) error {
	if code == 0 {
		return nil
	}
	return errors.Errorf("mpi: %s of %s gives the error %d", function, l.path, code)
}
