# The model of docs/notebooks/pytorch.ipynb: a small language model of characters on the first book of the King James text.
import torch, json, sys
torch.manual_seed(0); torch.set_num_threads(1)
text=open(sys.argv[1]).read()[:200000]
chars=sorted(set(text)); ids=torch.tensor([chars.index(c) for c in text])
class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding=torch.nn.Embedding(len(chars),24)
        self.lstm=torch.nn.LSTM(24,64)
        self.head=torch.nn.Linear(64,len(chars))
    def forward(self,x):
        return self.head(self.lstm(self.embedding(x))[0])
m=Model(); opt=torch.optim.Adam(m.parameters(),lr=0.005)
for step in range(600):
    at=torch.randint(0,len(ids)-65,(32,))
    w=torch.stack([ids[a:a+65] for a in at],1)
    loss=torch.nn.functional.cross_entropy(m(w[:-1]).reshape(-1,len(chars)),w[1:].reshape(-1))
    opt.zero_grad(); loss.backward(); torch.nn.utils.clip_grad_norm_(m.parameters(),1); opt.step()
print(loss.item(),len(chars),json.dumps(''.join(chars)))
torch.save(m.state_dict(),sys.argv[2])
x=torch.tensor([[chars.index(c)] for c in "In the beginning"])
print(m(x)[-1,0,:5])
