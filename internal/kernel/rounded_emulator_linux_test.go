//go:build amd64 && !noasm

package kernel

import (
	endian "encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/cpu"
)

// TestTilesInEmulator runs the kernels for AMX where the processor has none: this test starts itself again and follows that
// process as a debugger does. Instructions on tiles are illegal there; each is read from its bytes by the rules of Intel's
// manual, and done in the process's memory.
func TestTilesInEmulator(t *testing.T) {
	const inner = "UNROLL_TEST_TILES"
	switch {
	case os.Getenv(inner) != "":
		for _, p := range []Precision{BFloat16Precision, BFloat16x3Precision} {
			if err := checkEngine(p, &tileEngine, &tileLoops); err != nil {
				t.Error(err)
			}
			longTiles(t, p)
		}
		return
	case testing.Short():
		t.Skip("some seconds")
	case cpu.X86.HasAMXTile:
		t.Skip("the processor has AMX, and the kernels are checked without this")
	case !hasAVX512 || !hasBFloat16:
		t.Skip("the processor has no AVX512_BF16, which packs")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	out, err := os.CreateTemp(t.TempDir(), "out")
	if err != nil {
		t.Fatal(err)
	}
	self := exec.Command(os.Args[0], "-test.run=^TestTilesInEmulator$")
	self.Env = append(os.Environ(), inner+"=1", "GOMAXPROCS=1", "UNROLL_KERNEL=")
	self.Stdout, self.Stderr, self.SysProcAttr = out, out, &syscall.SysProcAttr{Ptrace: true}
	if err := self.Start(); err != nil {
		t.Skip("no process can be followed here: ", err)
	}
	e := tileEmulator{pid: self.Process.Pid, threads: map[int]*tileState{}, done: map[string]int{}}
	err = e.follow()
	text, _ := os.ReadFile(out.Name())
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if !strings.Contains(string(text), "PASS") {
		t.Fatalf("%s", text)
	}
	for _, name := range []string{"LDTILECFG", "LDTILECFG of few rows", "TILEZERO", "TILELOADD", "TDPBF16PS", "TILESTORED", "TILERELEASE"} {
		if e.done[name] == 0 {
			t.Errorf("no %s was run", name)
		}
	}
	t.Log(e.done)
	for thread, s := range e.threads {
		if s.configured {
			t.Errorf("thread %d still has tiles", thread)
		}
	}
}

// TestNoPermissionForTiles wants an answer, not the end of the process, where there is no AMX.
func TestNoPermissionForTiles(t *testing.T) {
	if cpu.X86.HasAMXTile {
		t.Skip("the processor has AMX")
	}
	if err := permitTiles(); err == nil {
		t.Error("the permission was given")
	} else {
		t.Log(err)
	}
	if hasPalette() {
		t.Error("the processor has a palette of tiles")
	}
	if err := tilesReady(); err == nil || strings.Contains(Features(), "amx") {
		t.Errorf("AMX is ready: %v, %s", err, Features())
	}
}

// longTiles has more blocks than one call takes for several panels.
func longTiles(t *testing.T, p Precision) {
	const m, n, k = 2, 70, 32 * (tileCall/2 + 1)
	a, b, c, want := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n), make([]float32, m*n)
	fillNormal(a, 1)
	fillNormal(b, 2)
	gemmRounded(&tileEngine, p, false, false, m, n, k, a, k, b, n, 0, c, n, nil)
	gemmRounded(&tileLoops, p, false, false, m, n, k, a, k, b, n, 0, want, n, nil)
	for i, v := range c {
		if v != want[i] {
			t.Fatalf("%v: element %d of a long product is %v, want %v", p, i, v, want[i])
		}
	}
}

// tileState are the tiles of a thread, of up to 16 rows of 64 bytes.
type tileState struct {
	configured bool
	rows       [8]int
	tiles      [8][16][16]uint32
}

// tileEmulator follows a process and does its instructions on tiles.
type tileEmulator struct {
	pid     int
	threads map[int]*tileState
	done    map[string]int // by name
}

// follow runs the process until it ends.
func (e *tileEmulator) follow() error {
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(e.pid, &status, 0, nil); err != nil {
		return err
	}
	const exitKill = 0x100000
	if err := syscall.PtraceSetOptions(e.pid, syscall.PTRACE_O_TRACECLONE|exitKill); err != nil {
		return err
	}
	if err := syscall.PtraceCont(e.pid, 0); err != nil {
		return err
	}
	for {
		thread, err := syscall.Wait4(-1, &status, syscall.WALL, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			return err
		}
		if status.Exited() || status.Signaled() {
			if thread == e.pid {
				return nil
			}
			continue
		}
		known := e.threads[thread] != nil
		if !known {
			e.threads[thread] = &tileState{}
		}
		signal := status.StopSignal()
		switch {
		case signal == syscall.SIGTRAP, signal == syscall.SIGSTOP && !known: // a thread begins
			signal = 0
		case signal == syscall.SIGILL:
			if err := e.emulate(thread, e.threads[thread]); err != nil {
				_ = syscall.Kill(e.pid, syscall.SIGKILL)
				return err
			}
			signal = 0
		}
		if err := syscall.PtraceCont(thread, int(signal)); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
}

// emulate does the instruction at which a thread stands.
func (e *tileEmulator) emulate(thread int, s *tileState) error {
	var regs syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(thread, &regs); err != nil {
		return err
	}
	memory, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", thread), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { _ = memory.Close() }()
	var code [12]byte
	if _, err := memory.ReadAt(code[:], int64(regs.Rip)); err != nil {
		return err
	}
	name, length, err := s.step(code, &regs, memory)
	if err != nil {
		return fmt.Errorf("% x: %w", code, err)
	}
	e.done[name]++
	regs.Rip += uint64(length)
	return syscall.PtraceSetRegs(thread, &regs)
}

// step decodes an instruction with a VEX prefix of three bytes, map 0F38, W 0, L 0, and does it.
func (s *tileState) step(code [12]byte, regs *syscall.PtraceRegs, memory *os.File) (name string, length int, err error) {
	if code[0] != 0xc4 || code[1]&0x9f != 0x82 || code[2]&0x84 != 0 {
		return "", 0, errors.New("no instruction on tiles")
	}
	pp, vvvv := code[2]&3, ^code[2]>>3&15
	mod, reg, rm := code[4]>>6, code[4]>>3&7, code[4]&7
	if code[3] == 0x49 && mod == 0 && pp == 0 && reg == 0 && vvvv == 0 {
		err := s.configure(general(regs, rm, code[1]>>5&1 == 0), memory)
		if s.rows[0] < 16 {
			return "LDTILECFG of few rows", 5, err
		}
		return "LDTILECFG", 5, err
	}
	if !s.configured {
		return "", 0, errors.New("the tiles are not configured")
	}
	switch {
	case code[3] == 0x49 && mod == 3 && pp == 0 && code[4] == 0xc0 && vvvv == 0:
		s.configured = false
		return "TILERELEASE", 5, nil
	case code[3] == 0x49 && mod == 3 && pp == 3 && rm == 0 && vvvv == 0:
		s.tiles[reg] = [16][16]uint32{}
		return "TILEZERO", 5, nil
	case code[3] == 0x5c && mod == 3 && pp == 2 && vvvv < 8 && reg != rm && reg != vvvv && rm != vvvv:
		if s.rows[reg] != s.rows[rm] || s.rows[vvvv] != 16 {
			return "", 0, fmt.Errorf("tiles of %d = %d·%d rows", s.rows[reg], s.rows[rm], s.rows[vvvv])
		}
		s.dots(&s.tiles[reg], &s.tiles[rm], &s.tiles[vvvv])
		return "TDPBF16PS", 5, nil
	case code[3] == 0x4b && rm == 4 && mod != 3 && pp >= 2 && vvvv == 0:
		sib := code[5]
		base, step := general(regs, sib&7, code[1]>>5&1 == 0), general(regs, sib>>3&7, code[1]>>6&1 == 0)<<(sib>>6)
		length = 6
		switch mod {
		case 1:
			base, length = base+int64(int8(code[6])), 7
		case 2:
			base, length = base+int64(int32(endian.LittleEndian.Uint32(code[6:]))), 10
		}
		if pp == 3 {
			return "TILELOADD", length, s.move(reg, base, step, memory.ReadAt)
		}
		return "TILESTORED", length, s.move(reg, base, step, memory.WriteAt)
	}
	return "", 0, errors.New("an instruction that the kernels should not have")
}

// configure wants tiles whose rows have 64 bytes.
func (s *tileState) configure(at int64, memory *os.File) error {
	var shapes [64]byte
	if _, err := memory.ReadAt(shapes[:], at); err != nil {
		return err
	}
	*s = tileState{configured: true}
	for i, b := range shapes {
		least, most := byte(0), byte(0)
		switch {
		case i == 0: // palette
			least, most = 1, 1
		case i >= 16 && i < 32 && i%2 == 0: // bytes in a row, 16 bits for each tile
			least, most = 64, 64
		case i >= 48 && i < 56: // rows
			least, most = 1, 16
			s.rows[i-48] = int(b)
		}
		if b < least || b > most {
			return fmt.Errorf("byte %d of the configuration is %d, want %d to %d", i, b, least, most)
		}
	}
	return nil
}

// move copies a tile from or to memory, row by row.
func (s *tileState) move(tile byte, base, step int64, do func([]byte, int64) (int, error)) error {
	for r := range s.rows[tile] {
		var row [64]byte
		for i, v := range s.tiles[tile][r] {
			endian.LittleEndian.PutUint32(row[4*i:], v)
		}
		if _, err := do(row[:], base+int64(r)*step); err != nil {
			return err
		}
		for i := range s.tiles[tile][r] {
			s.tiles[tile][r][i] = endian.LittleEndian.Uint32(row[4*i:])
		}
	}
	clear(s.tiles[tile][s.rows[tile]:])
	return nil
}

// dots is TDPBF16PS.
func (s *tileState) dots(sums, a, b *[16][16]uint32) {
	for m := range 16 {
		for n := range 16 {
			var even, odd float32
			for k := range 16 {
				x, y := a[m][k], b[k][n]
				even = fusedFlushed(x<<16, y<<16, even)
				odd = fusedFlushed(x&0xffff0000, y&0xffff0000, odd)
			}
			sum := flushed(math.Float32frombits(sums[m][n])) + flushed(even+odd)
			sums[m][n] = math.Float32bits(flushed(sum))
		}
	}
}

// general is a register by the number that instructions have for it.
func general(r *syscall.PtraceRegs, number byte, extended bool) int64 {
	if extended {
		number += 8
	}
	return int64([...]uint64{r.Rax, r.Rcx, r.Rdx, r.Rbx, r.Rsp, r.Rbp, r.Rsi, r.Rdi, r.R8, r.R9, r.R10, r.R11, r.R12, r.R13,
		r.R14, r.R15}[number])
}
