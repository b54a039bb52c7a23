import random,json,sys
# Random patterns over all constructs but those where the reference is odd, and short streams.
# usage: random_cases.py FIRST_SEED COUNT
seed0=int(sys.argv[1]); n=int(sys.argv[2]); mode='plain'
N='abcd'
def cond(r,names,loop,depth=0):
    x=r.random()
    if x<0.5: c={'field':'name','op':'eq','value':r.choice(N)}
    elif x<0.65: c={'field':'name','op':'in','value':r.sample(N,2)}
    elif x<0.75: c={'field':'price','op':r.choice(['lt','le','gt','ge','ne']),'value':r.randint(1,7)}
    elif x<0.8: return None
    elif x<0.85: c={'not':{'field':'name','op':'eq','value':r.choice(N)}}
    elif x<0.9: c={'or':[{'field':'name','op':'eq','value':r.choice(N)},{'field':'price','op':'gt','value':r.randint(2,6)}]}
    else: c={'and':[{'field':'name','op':'in','value':r.sample(N,3)},{'field':'price','op':'lt','value':r.randint(3,7)}]}
    if r.random()<0.25 and (names or loop):
        of=r.choice(names+([loop]*2 if loop else []))
        agg=r.choice(['count','sum','min','max','first','last'])
        it={'of':of,'agg':agg}
        if agg!='count': it['field']='price'
        if r.random()<0.3: it['includeCurrent']=True
        i={'iter':it,'op':r.choice(['lt','le','gt','ge','eq','ne'])}
        if r.random()<0.3: i['current']='price'
        else: i['value']=r.randint(1,9)
        c={'and':[c,i]}
    return c
class G:
    def __init__(s,r): s.r=r; s.k=0; s.names=[]
    def name(s): s.k+=1; return 's%d'%s.k
    def quant(s,group,aftergreedy):
        r=s.r; x=r.random()
        if x<0.45: return None
        opt=r.random()<0.3 and not aftergreedy
        if x<0.55: return {'min':1,'max':1,'single':True,'optional':True,'greedy':False,'inner':'relaxed'} if opt else None
        mn=r.randint(1,2); mx=r.choice([mn,mn+1,mn+2,None])
        if mx is not None and mx==1: mx=2
        inner=r.choice(['relaxed','relaxed','consecutive','allowCombinations'])
        greedy=(not group) and inner!='allowCombinations' and r.random()<0.35
        q={'min':mn,'max':mx,'optional':opt,'greedy':greedy,'inner':inner}
        if mode in('all','window') and not group and r.random()<0.06: q['windowMs']=r.randint(2,5)
        return q
    def steps(s,count,depth,within):
        r=s.r; out=[]; ag=False; prevopt=False
        for i in range(count):
            last=i==count-1
            if i>0 and not prevopt and r.random()<0.15:
                nm=s.name(); c=r.choice(['notNext','notFollowedBy'])
                st={'name':nm,'contiguity':c}
                w=cond(r,s.names,None)
                if w is None: w={'field':'name','op':'eq','value':r.choice(N)}
                st['where']=w
                if last and c=='notFollowedBy' and depth==0 and not within:
                    st['within']={'ms':r.randint(3,8),'type':'prev-curr'}
                out.append(st); ag=False; prevopt=False; continue
            contig='start' if i==0 else r.choice(['next','followedBy','followedBy','followedByAny'])
            if depth<2 and r.random()<0.16:
                st={'contiguity':contig,'group':{'steps':s.steps(r.randint(1,3),depth+1,within)}}
                q=s.quant(True,ag)
                if q: st['quantifier']=q
                if q and q['max'] is None and r.random()<0.4 and not any('group' in x for x in st['group']['steps']): st['until']=cond(r,[],None) or {'field':'name','op':'eq','value':r.choice(N)}
            else:
                nm=s.name(); st={'name':nm,'contiguity':contig}
                q=s.quant(False,ag)
                if q: st['quantifier']=q
                w=cond(r,s.names,nm if q and not q.get('single') else None)
                if w: st['where']=w
                if q and q['max'] is None and r.random()<0.35: st['until']=cond(r,s.names,nm) or {'field':'name','op':'eq','value':r.choice(N)}
                if i>0 and (not q or q.get('single')) and r.random()<0.12: st['within']={'ms':r.randint(2,7),'type':'prev-curr'}
                s.names.append(nm)
            q=st.get('quantifier')
            prevopt=bool(q and q['optional']); ag=bool(q and q['greedy'])
            out.append(st)
        return out
def nullable(steps): 
    return all(('group' in s and nullable(s['group']['steps'])) or (s.get('quantifier') or {}).get('optional') or s['contiguity'].startswith('not') for s in steps)
def quirks(steps,depth=0):
    q=set()
    for s in steps:
        if 'group' in s:
            g=s['group']['steps']
            if nullable(g): q.add('nullable-group')
            if g[-1]['contiguity']=='notFollowedBy': q.add('group-ends-nfb')
            q|=quirks(g,depth+1)
        if (s.get('quantifier') or {}).get('windowMs'): q.add('loop-window')
    return q
def flat(steps):
    for s in steps:
        if 'group' in s: yield from flat(s['group']['steps'])
        else: yield s
for seed in range(seed0,seed0+n):
    r=random.Random(seed); g=G(r)
    within=r.randint(5,15) if r.random()<0.6 else None
    st=g.steps(r.randint(1,4),0,within)
    p={'steps':st}
    if within:
        p['within']={'ms':within,'type':'first-last'}
    x=r.random(); names=[s['name'] for s in st if 'name' in s] or ['zz']
    if x<0.5: sk={'strategy':'noSkip'}
    elif x<0.62: sk={'strategy':'skipPastLastEvent'}
    elif x<0.74: sk={'strategy':'skipToNext'}
    else:
        sk={'strategy':r.choice(['skipToFirst','skipToLast']),'pattern':r.choice(names)}
        if r.random()<0.1: sk['throwOnMiss']=True
    t=0; ev=[]
    for i in range(r.randint(6,12)):
        t+=r.randint(0,3); ev.append({'id':'e%d'%(i+1),'ts':t,'name':r.choice(N),'price':r.randint(1,7)})
    q=sorted(quirks(st))
    if q: continue
    print(json.dumps({'name':'r/%d'%seed,'quirk':q,'pattern':p,'skip':sk,'events':ev}))
