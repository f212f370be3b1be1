"""Tokens a second of a foundation model: one token after the other, and a prompt of 128 at once, on the CPU in float32.

    python torch_pretrained.py FOLDER [THREADS [SECONDS]]      beside: FOUNDATION=FOLDER go test -run xxx -bench 'Step|Prompt' ./recurrent/pretrained

A folder with model.pth is read by PyPI's rwkv (RWKV-7), any other by transformers.
"""
import os, resource, sys, time
import torch


def of_rwkv(folder):
    os.environ.update(RWKV_V7_ON="1", RWKV_JIT_ON="1", RWKV_CUDA_ON="0")
    from rwkv.model import RWKV
    m = RWKV(model=os.path.join(folder, "model"), strategy="cpu fp32")
    return lambda ids, state: m.forward(ids, state)


def of_transformers(folder):
    from transformers import AutoModelForCausalLM
    m = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()

    def read(ids, state):
        out = m(torch.tensor([ids]), cache_params=state, use_cache=True, logits_to_keep=1)
        return out.logits[0, -1], out.cache_params
    return read


def rate(read, ids, seconds):
    _, state = read(ids, None)
    _, state = read([7], state)
    n, begin = 0, time.time()
    while time.time() - begin < seconds:
        if len(ids) > 1:
            read(ids, None)
        else:
            _, state = read([7], state)
        n += len(ids)
    return n / (time.time() - begin)


@torch.inference_mode()
def main(folder, threads="1", seconds="3"):
    torch.set_num_threads(int(threads))
    read = (of_rwkv if os.path.exists(os.path.join(folder, "model.pth")) else of_transformers)(folder)
    step = rate(read, [1], float(seconds))
    prompt = rate(read, [1] * 128, float(seconds))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"{os.path.basename(folder)}, {threads} threads: step {step:.1f}, prompt {prompt:.0f} tokens/s, peak {peak} MB", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
