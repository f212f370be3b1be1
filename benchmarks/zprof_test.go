package benchmarks
import ("testing";"os";"path/filepath";"runtime";"github.com/unroll-go/unroll/graph";"github.com/unroll-go/unroll/graph/graphtest";"github.com/unroll-go/unroll/nn/onnx";"gorgonia.org/tensor")
func BenchmarkProf(b *testing.B){
 defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
 paths,_ := filepath.Glob(filepath.Join("/tmp/files",os.Getenv("MODEL"),"*.onnx"))
 m,err := onnx.Read(paths[0]); if err!=nil {b.Fatal(err)}
 p,_ := m.Params(1); p.Seal()
 rec,_ := graphtest.Golden(b, filepath.Join("/tmp/files",os.Getenv("MODEL"),"reference.safetensors"))
 var in []*tensor.Dense
 for _,q := range m.Inputs() { in=append(in,rec["in/"+q.Name]) }
 f := graph.NewFunc(p,m.Build)
 f.Run(in...)
 for b.Loop() { f.Run(in...) }
}
