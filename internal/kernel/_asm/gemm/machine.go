package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// machine is an instruction set and an element type.
type machine struct {
	wide  bool // AVX-512, else AVX2 with FMA
	bytes int  // of an element: 4 or 8
}

func (m machine) float() string {
	if m.bytes == 4 {
		return "float32"
	}
	return "float64"
}

// name is a function's name with what it is for.
func (m machine) name(base string) string {
	set := "AVX2"
	if m.wide {
		set = "AVX512"
	}
	if m.bytes == 4 {
		return base + "32" + set
	}
	return base + "64" + set
}

// size is the number of bytes in a vector.
func (m machine) size() int {
	if m.wide {
		return 64
	}
	return 32
}

func (m machine) lanes() int { return m.size() / m.bytes }

// physical is vector register i.
func (m machine) physical(i int) reg.VecPhysical {
	if m.wide {
		return zmm[i]
	}
	return ymm[i]
}

var (
	zmm = [...]reg.VecPhysical{reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7, reg.Z8, reg.Z9, reg.Z10,
		reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15, reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22,
		reg.Z23, reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31}
	ymm = [...]reg.VecPhysical{reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7, reg.Y8, reg.Y9, reg.Y10,
		reg.Y11, reg.Y12, reg.Y13, reg.Y14, reg.Y15}
)

// The instructions by element type.

func (m machine) load(from, to Op) {
	if m.bytes == 4 {
		VMOVUPS(from, to)
	} else {
		VMOVUPD(from, to)
	}
}

func (m machine) broadcast(from, to Op) {
	if m.bytes == 4 {
		VBROADCASTSS(from, to)
	} else {
		VBROADCASTSD(from, to)
	}
}

// fma is sum += a·b.
func (m machine) fma(a, b, sum Op) {
	if m.bytes == 4 {
		VFMADD231PS(a, b, sum)
	} else {
		VFMADD231PD(a, b, sum)
	}
}

// mul is x *= a.
func (m machine) mul(a, x Op) {
	if m.bytes == 4 {
		VMULPS(a, x, x)
	} else {
		VMULPD(a, x, x)
	}
}

// add is x += a.
func (m machine) add(a, x Op) {
	if m.bytes == 4 {
		VADDPS(a, x, x)
	} else {
		VADDPD(a, x, x)
	}
}

func (m machine) zero(x Op) {
	if m.wide {
		VPXORD(x, x, x)
	} else {
		VXORPS(x, x, x)
	}
}

// at is the memory disp bytes past p + n·stride, n one of 0, 1, 2, 4, 8.
func at(p, stride reg.Register, n, disp int) Mem {
	if n == 0 {
		return Mem{Base: p, Disp: disp}
	}
	return Mem{Base: p, Index: stride, Scale: uint8(n), Disp: disp}
}

// distance loads an int parameter in elements and makes bytes of it.
func (m machine) distance(name string) reg.GPVirtual {
	d := GP64()
	Load(Param(name), d)
	if m.bytes == 4 {
		SHLQ(U8(2), d)
	} else {
		SHLQ(U8(3), d)
	}
	return d
}

func pointer(name string) reg.GPVirtual {
	p := GP64()
	Load(Param(name), p)
	return p
}

// parameter is where a parameter lies.
func parameter(name string) Mem {
	p, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return p.Addr
}
