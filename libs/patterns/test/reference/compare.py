# compare.py CASES ORACLE OURS(optional: answers of weir): differences
import json,sys
from collections import Counter
key=lambda m: json.dumps(m,sort_keys=True)
def ms(l): return Counter(key(m) for m in l or [])
def ts(l): return set((key(t['match']),t['at']) for t in l or [])
def diff(want,got,skip=()):
    if want.get('error') or want.get('expectError'):
        w=(want.get('error') or want.get('expectError'))['phase']; g=(got.get('error') or {}).get('phase')
        return [] if w==g else [f'error {w} vs {g}']
    if got.get('error'): return ['error '+str(got['error'])]
    d=[]
    gf=got.get('flush') or {}; wf=want.get('flush') or {}
    for n,a,b in (('matches',want.get('expected'),got.get('matches',got.get('expected'))),('flush',wf.get('expected'),gf.get('matches',gf.get('expected')))):
        A,B=ms(a),ms(b)
        if A!=B and set(A)!=set(B): d.append(n)
        elif A!=B and not all(B[k]<=A[k] for k in B): d.append(n+' more often')
        elif A!=B: d.append('') if 0 else None
    for n,a,b in (('timeouts',want.get('timeouts'),got.get('timeouts')),('flush timeouts',wf.get('timeouts'),gf.get('timeouts'))):
        if ts(a)!=ts(b): d.append(n)
    return [x for x in d if x]
if __name__=='__main__':
    want=[json.loads(l) for l in open(sys.argv[1])]; got=[json.loads(l) for l in open(sys.argv[2])]
    bad=0; n=0
    for w,g in zip(want,got):
        assert w['name']==g['name'],(w['name'],g['name'])
        if g.get('skipped') or w.get('skipped') or 'stream' in w: continue
        n+=1
        d=diff(w,g)
        if d: bad+=1; print(w['name'],d)
    print(n,'compared',bad,'differ')
