#!/usr/bin/env python3
# ruff: noqa
# fmt: off
"""score.py GOLD.jsonl PRED.jsonl [--include-other] [--misses N] [--json OUT]
PRED lines: {"id":..., "findings":[{"bone","laterality","certainty"},...], optional "report_positive": bool}.
If PRED gives no report_positive it is derived from its findings by the LABELS.md rule. Only the certainties
affirmed / negated / possible / historical are compared; anything else (e.g. hypothetical) is dropped.
`bilateral` is expanded to left + right on both sides."""
import sys,json,argparse,signal
signal.signal(signal.SIGPIPE,signal.SIG_DFL)
from collections import Counter,defaultdict
SEC={'distal_tibia','distal_fibula','sesamoid','phalanx','other'}
CERT=('affirmed','possible','historical','negated')
def load(fn):
    d={}
    for l in open(fn,encoding='utf8'):
        if l.strip():
            r=json.loads(l); 
            if r['id'] in d: sys.exit(f'duplicate id {r["id"]} in {fn}')
            d[r['id']]=r
    return d
def norm(fs,other):
    out=[]
    for f in fs or []:
        b=f.get('bone'); c=f.get('certainty'); l=f.get('laterality') or 'unknown'
        if c not in CERT or (b=='other' and not other): continue
        for s in (('left','right') if l=='bilateral' else (l,)): out.append((b,s,c))
    return set(out)
def coarse(b): return 'cuneiform' if b.startswith('cuneiform') else 'metatarsal' if b.startswith('metatarsal') else b
def prf(tp,fp,fn):
    p=tp/(tp+fp) if tp+fp else float('nan'); r=tp/(tp+fn) if tp+fn else float('nan'); f=2*tp/(2*tp+fp+fn) if tp+fp+fn else float('nan')
    return dict(tp=tp,fp=fp,fn=fn,precision=round(p,4),recall=round(r,4),f1=round(f,4))
def show(n,d): print(f"{n:<72} P {d['precision']:.3f}  R {d['recall']:.3f}  F1 {d['f1']:.3f}   (tp {d['tp']} fp {d['fp']} fn {d['fn']})")
def main():
    ap=argparse.ArgumentParser(); ap.add_argument('gold');ap.add_argument('pred');ap.add_argument('--include-other',action='store_true');ap.add_argument('--misses',type=int,default=10**6);ap.add_argument('--json');ap.add_argument('--quiet',action='store_true')
    a=ap.parse_args(); G=load(a.gold);P=load(a.pred)
    miss=[i for i in G if i not in P]
    if miss: print(f'WARNING {len(miss)} gold ids without a prediction (scored as empty): {miss[:5]}')
    ex=[i for i in P if i not in G]
    if ex: print(f'WARNING {len(ex)} predicted ids not in gold, ignored: {ex[:5]}')
    T=defaultdict(Counter); rep=Counter(); repk=defaultdict(Counter); lines=[]
    perc=defaultdict(Counter)
    for i,g in G.items():
        p=P.get(i,{}); gf=norm(g['findings'],a.include_other); pf=norm(p.get('findings'),a.include_other)
        pp=p.get('report_positive'); 
        if pp is None: pp=any(c=='affirmed' and b not in SEC for b,_,c in pf)
        gp=g['report_positive']; k='tp' if gp and pp else 'fp' if pp else 'fn' if gp else 'tn'
        rep[k]+=1; repk[g.get('kind','?')][k]+=1
        views={'bone,certainty':lambda s:{(b,c) for b,_,c in s},'bone,laterality,certainty':lambda s:s,'coarse bone,certainty':lambda s:{(coarse(b),c) for b,_,c in s},
               'affirmed only: bone':lambda s:{b for b,_,c in s if c=='affirmed'},'affirmed only: bone,laterality':lambda s:{(b,l) for b,l,c in s if c=='affirmed'}}
        for n,f in views.items():
            x,y=f(gf),f(pf); T[n]['tp']+=len(x&y);T[n]['fp']+=len(y-x);T[n]['fn']+=len(x-y)
        x,y=views['bone,certainty'](gf),views['bone,certainty'](pf); gb={b for b,_ in x}
        y2={(b,c) for b,c in y if not (c=='negated' and b not in gb)}   # an extra 'negated' for a bone gold says nothing about is ignored
        n='bone,certainty; extra negated on unlabelled bones ignored'; T[n]['tp']+=len(x&y2);T[n]['fp']+=len(y2-x);T[n]['fn']+=len(x-y2)
        x3={t for t in x if t[1]!='negated'};y3={t for t in y if t[1]!='negated'}
        n='non-negated only: bone,certainty'; T[n]['tp']+=len(x3&y3);T[n]['fp']+=len(y3-x3);T[n]['fn']+=len(x3-y3)
        for c in CERT:
            xc={b for b,cc in x if cc==c};yc={b for b,cc in y if cc==c}
            perc[c]['tp']+=len(xc&yc);perc[c]['fp']+=len(yc-xc);perc[c]['fn']+=len(xc-yc)
        if k in('fp','fn') or gf!=pf:
            lines.append((0 if k in('fp','fn') else 1,i,f"{i} [{g.get('kind','')}] report {k.upper()}"+('' if gf==pf else f"\n    missing {sorted(gf-pf)}\n    extra   {sorted(pf-gf)}")))
    print(f'reports {len(G)}  gold positive {rep["tp"]+rep["fn"]}')
    res={'report_positive':prf(rep['tp'],rep['fp'],rep['fn'])}; show('REPORT report_positive (all)',res['report_positive']); print(f"{'':<72} accuracy {(rep['tp']+rep['tn'])/len(G):.3f}   tn {rep['tn']}")
    for k,c in sorted(repk.items()): res['report_positive:'+k]=prf(c['tp'],c['fp'],c['fn']); show(f'  report_positive kind={k} (tn {c["tn"]})',res['report_positive:'+k])
    for n,c in T.items(): res[n]=prf(c['tp'],c['fp'],c['fn']); show('FINDING ('+n+')',res[n])
    for c in CERT: res['certainty:'+c]=prf(**{k:perc[c][k] for k in('tp','fp','fn')}); show(f'  (bone) where certainty={c}',res['certainty:'+c])
    if a.json: json.dump(res,open(a.json,'w'),indent=1)
    if not a.quiet and a.misses:
        print(f'\nMISSES ({len(lines)} reports differ)')
        for _,_,t in sorted(lines)[:a.misses]: print(t)
main()
