"""The protocol message by message over a bare socket: errors in every state, orders of Sync and Flush, portals, COPY, FunctionCall, cancelling, broken messages, start-up."""
import os, socket, struct, time

port = int(os.environ["PGPORT"])
def conn(params=None):
    s=socket.create_connection(('127.0.0.1',port)); s.settimeout(8)
    p=b''.join(k.encode()+b'\0'+v.encode()+b'\0' for k,v in (params or {'user':'postgres','database':os.environ['PGDATABASE']}).items())+b'\0'
    s.sendall(struct.pack('>ii',8+len(p),196608)+p); 
    r=R(s); r.key=None
    while True:
        t,b=r.msg()
        if t=='K': r.key=struct.unpack('>ii',b)
        if t=='Z': return r
class R:
    def __init__(self,s): self.s=s; self.b=b''
    def need(self,n):
        while len(self.b)<n:
            d=self.s.recv(65536)
            if not d: raise EOFError
            self.b+=d
        x,self.b=self.b[:n],self.b[n:]; return x
    def msg(self):
        h=self.need(5); n=struct.unpack('>i',h[1:])[0]; return chr(h[0]), self.need(n-4)
    def show(self,t,b):
        if t in 'EN':
            f=dict((chr(x[0]),x[1:].decode()) for x in b.split(b'\0') if x); return t+'('+' '.join(f.get(k,'') for k in 'SCMDHPW')+')'
        if t=='C': return 'C(%s)'%b[:-1].decode()
        if t=='Z': return 'Z(%s)'%b.decode()
        if t=='T':
            n=struct.unpack('>h',b[:2])[0]; o=2; r=[]
            for _ in range(n):
                e=b.index(b'\0',o); name=b[o:e].decode(); v=struct.unpack('>ihihih',b[e+1:e+19]); r.append('%s:%d:%d:%d'%(name,v[2],v[4],v[5])); o=e+19
            return 'T(%s)'%','.join(r)
        if t=='D':
            n=struct.unpack('>h',b[:2])[0]; o=2; r=[]
            for _ in range(n):
                l=struct.unpack('>i',b[o:o+4])[0]; o+=4
                if l<0: r.append('NULL')
                else: r.append(repr(b[o:o+l])[1:][:60]); o+=l
            return 'D(%s)'%','.join(r)
        if t=='t': return 't'+str(struct.unpack('>h%di'%((len(b)-2)//4),b))
        if t=='S': return 'S(%s)'%b.replace(b'\0',b'=').decode()
        if t in 'GHW': return '%s(%r)'%(t,b)
        if t=='d': return 'd(%r)'%b[:60]
        if t=='A': return 'A(%r)'%b[4:]
        if t=='V': return 'V(%r)'%b
        return t
    def until(self,stop='Z',n=1):
        out=[]
        try:
            while True:
                t,b=self.msg(); out.append(self.show(t,b))
                if t==stop:
                    n-=1
                    if n==0: break
        except EOFError: out.append('EOF')
        except socket.timeout: out.append('TIMEOUT')
        # collapse rows
        c=[];
        for o in out:
            if len(c)>3 and o.startswith('D(') and c[-1].startswith('D(') and c[-2].startswith('D('): 
                continue
            c.append(o)
        return c
def m(t,b=b''): return t.encode()+struct.pack('>i',len(b)+4)+b
def cs(x): return x.encode()+b'\0'
def Q(x): return m('Q',cs(x))
def P(x,name='',oids=()): return m('P',cs(name)+cs(x)+struct.pack('>h',len(oids))+b''.join(struct.pack('>i',o) for o in oids))
def B(portal='',name='',vals=(),pf=(),rf=()):
    return m('B',cs(portal)+cs(name)+struct.pack('>h',len(pf))+b''.join(struct.pack('>h',f) for f in pf)+struct.pack('>h',len(vals))+b''.join(struct.pack('>i',-1) if v is None else struct.pack('>i',len(v))+v for v in vals)+struct.pack('>h',len(rf))+b''.join(struct.pack('>h',f) for f in rf))
def D(k,name=''): return m('D',k.encode()+cs(name))
def E(portal='',n=0): return m('E',cs(portal)+struct.pack('>i',n))
def C(k,name=''): return m('C',k.encode()+cs(name))
S=m('S'); H=m('H')
def F(oid,args,fmts=(),rf=0): return m('F',struct.pack('>i',oid)+struct.pack('>h',len(fmts))+b''.join(struct.pack('>h',f) for f in fmts)+struct.pack('>h',len(args))+b''.join(struct.pack('>i',-1) if a is None else struct.pack('>i',len(a))+a for a in args)+struct.pack('>h',rf))
c=conn()
def t(label,data,n=1,stop='Z',r=None):
    global c
    r=r or c
    try: r.s.sendall(data); print(label, r.until(stop,n))
    except Exception as e: print(label,'EXC',type(e).__name__)
def fresh():
    global c
    try: c.s.close()
    except Exception: pass
    c=conn()

t('setup',Q("create table rw(a int primary key, b text); insert into rw select g, 'v'||g from generate_series(1,10) g"))
# simple
t('empty',Q('')); t('semis',Q(' ; ; ')); t('comment',Q('-- x')); t('many',Q("select 1; select 'a' as x, null; update rw set b='z' where a=1; select"))
t('err mid',Q("insert into rw values (20,'x'); select 1/0; insert into rw values (21,'y')")); t('check',Q('select count(*) from rw where a>=20'))
t('begin in mid',Q("insert into rw values (20,'x'); begin; insert into rw values (21,'y'); select 1/0")); t('after',Q('select 1')); t('rb',Q('rollback')); t('check',Q('select count(*) from rw where a>=20'))
t('commit mid',Q("begin; insert into rw values (20,'x'); commit; insert into rw values (22,'y'); select 1/0; select 3")); t('check',Q('select array_agg(a) from rw where a>=20'))
t('impl commit',Q("insert into rw values (30,'x'); commit; select 1/0")); t('check',Q('select array_agg(a) from rw where a>=20'))
t('impl rollback',Q("insert into rw values (31,'x'); rollback; select 7")); t('savepoint',Q("savepoint a; select 1")); t('sp impl',Q("select 1; savepoint a; select 2"))
t('vacuum multi',Q('select 1; vacuum rw')); t('create db multi',Q('select 1; create database zzz')); t('begin begin',Q('begin; begin')); t('set local', Q("set local work_mem='1MB'; show work_mem")); t('commit',Q('commit')); t('commit2',Q('commit'))
t('syntax',Q("select 1; selec 2")); t('aborted many',Q("begin; select 1/0; select 2")); t('aborted',Q("select 1; rollback; select 2")); t('aborted empty',Q(';')) ; t('rb',Q('rollback')); t('chain',Q('begin; select 1; commit and chain; select 2; rollback'))
# extended
t('basic',P('select $1::int + 1 as a, $2')+D('S')+B('','',[b'4',b'x'])+D('P')+E()+S)
t('empty ext',P('')+B()+D('P')+E()+S); t('empty descr',P('')+D('S')+S); t('no sync err',P('selec')+B()+E()+S); t('sync',S); t('two syncs',S+S,2)
t('bad stmt',B('','nothing')+S); t('bad portal',E('nothing')+S); t('descr stmt',D('S','nothing')+S); t('descr portal',D('P','nothing')+S); t('close none',C('S','nothing')+C('P','nothing')+S); t('bad kind',m('D',b'X\0')+S); t('bad close',m('C',b'X\0')+S)
t('dup stmt',P('select 1','s1')+P('select 2','s1')+S); t('dup portal',P('select 1')+B('p1')+B('p1')+S); t('unnamed twice',P('select 1')+P('select 2')+B()+B()+E()+S)
t('wrong count',P('select $1::int')+B('','',[])+S); t('too many',P('select $1::int')+B('','',[b'1',b'2'])+S); t('fmt count',P('select $1::int,$2::int')+B('','',[b'1',b'2'],[0,0,0])+S); t('rfmt count',P('select 1,2')+B('','',[],[],[0,0,0])+S)
t('bad value',P('select $1::int')+B('','',[b'x'])+S); t('bad bin',P('select $1::int')+B('','',[b'abc'],[1])+S); t('bin',P('select $1::int, $2::text')+B('','',[struct.pack('>i',5),b'x'],[1,0],[1])+D('P')+E()+S); t('null',P('select $1::int')+B('','',[None])+E()+S); t('bad utf8',P('select $1::text')+B('','',[b'\xff'])+S); t('nul in text',P('select $1::text')+B('','',[b'a\0b'])+S)
t('suspend',P('select a from rw order by a')+B('p')+E('p',3)+E('p',2)+E('p',0)+E('p',0)+S); t('gone',E('p')+S)
t('in block',Q('begin')); t('make',P('select a from rw order by a')+B('p')+E('p',2)+S); t('go on',E('p',2)+D('P','p')+S); t('stmt closed',P('select a from rw order by a','sx')+B('q','sx')+C('S','sx')+E('q',1)+S); t('fetch',Q('fetch 1 from q')); t('move',Q('move 1 in q')); t('go on2',E('q',1)+S); t('close p',C('P','p')+E('p')+S); t('rb',Q('rollback')); t('gone',E('q')+S)
t('insert twice',P("insert into rw values ($1,'e') returning a")+B('','',[b'40'])+D('P')+E()+E()+S); t('exec done',P("update rw set b='k' where a=40")+B('u')+E('u')+E('u')+S)
t('returning partial',P("insert into rw select g,'m' from generate_series(50,54) g returning a")+B('r')+E('r',2)+S); t('check',Q('select count(*) from rw where a between 50 and 54')); t('block',Q('begin')); t('ret',P("delete from rw where a between 50 and 54 returning a")+B('r')+E('r',2)+E('r',1)+S); t('ret2',E('r')+S); t('cm',Q('commit')); t('check',Q('select count(*) from rw where a between 50 and 54'))
t('flush',P('select 1')+H,1,'1'); t('flush2',B()+D('P')+H,1,'T'); t('fl3',E()+H,1,'C'); t('fl4',S)
t('err skip',P('select 1/(select 0)')+B()+E()+P('select 1')+B()+E()+H+D('S','zz')+S); t('err flush',P('selec')+H,1,'E'); t('then',P('select 1')+S)
t('pipeline impl',P("insert into rw values (60,'a')")+B()+E()+P("select 1/(select 0)")+B()+E()+S); t('check',Q('select count(*) from rw where a=60'))
t('pipeline two',P("insert into rw values (60,'a')")+B()+E()+S+P("insert into rw values (60,'a')")+B()+E()+S+P("select 5")+B()+E()+S,3)
t('pipeline begin',P("begin")+B()+E()+P("insert into rw values (61,'a')")+B()+E()+S); t('st',S); t('pl err',P("select 1/(select 0)")+B()+E()+S); t('pl in failed parse',P("select 1")+S); t('pl failed rb',P("rollback")+B()+E()+S)
t('begin after insert',P("insert into rw values (62,'a')")+B()+E()+P("begin")+B()+E()+S); t('rbx',Q('rollback')); t('check',Q('select count(*) from rw where a=62'))
t('commit in impl',P("insert into rw values (63,'a')")+B()+E()+P("commit")+B()+E()+P("select 1/(select 0)")+B()+E()+S); t('check',Q('select count(*) from rw where a=63')); t('rollback in impl',P("insert into rw values (64,'a')")+B()+E()+P("rollback")+B()+E()+S); t('check',Q('select count(*) from rw where a=64')); t('vac impl',P("insert into rw values (65,'a')")+B()+E()+P("vacuum")+B()+E()+S); t('check',Q('select count(*) from rw where a=65')); t('vac alone',P("vacuum")+B()+E()+S); t('vac then',P("vacuum")+B()+E()+P('select 1')+B()+E()+S)
t('q in ext',P('select 1','keep')+Q('select 2')+S,2); t('use',B('','keep')+E()+S); t('unnamed after q',P('select 9')+S); t('q',Q('select 1')); t('unnamed gone',B()+E()+S)
t('multi in parse',P('select 1; select 2')+S); t('param types',P('select $1, $2::text, $3','',[23,0,1700])+D('S')+S); t('undetermined',P('select $1 is null')+S); t('too many types',P('select 1','',[23,25])+D('S')+S); t('type 705',P('select $1','',[705])+D('S')+S)
t('util descr',P('set work_mem=\'1MB\'')+D('S')+B()+D('P')+E()+S); t('show',P('show work_mem')+D('S')+B('','',[],[],[1])+D('P')+E()+S); t('explain',P('explain (costs off) select 1')+D('S')+S); t('fetch none',P('fetch from nope')+D('S')+S); t('call',Q("create procedure pr(inout x int) language sql as 'select x+1'")); t('callx',P('call pr($1)')+D('S')+B('','',[b'4'])+D('P')+E()+S); t('do',P('do $$begin end$$')+B()+E()+S); t('execute',P('prepare zz as select 1 as one')+B()+E()+P('execute zz')+D('S')+B()+E()+S); t('deallocate keep',P('deallocate keep')+B()+E()+B('','keep')+S); t('discard',P('discard all')+B()+E()+S); t('show rows',P('select a from rw where a<4 order by a')+B('','',[],[],[1])+E('',2)+S)
t('rb',Q('rollback'))
t('show max',P('values (1),(2),(3)')+B()+E('',1)+E('',1)+E('',1)+E('',1)+S); t('exact',P('values (1),(2)')+B()+E('',2)+E('',2)+S); t('neg max',P('values (1),(2)')+B()+E('',-1)+S)
# copy
t('copy in simple',Q('copy rw from stdin'),1,'G'); t('data',m('d',b'100\tx\n')+m('d',b'101')+m('d',b'\ty\n')+m('c')); t('copy sync flush',Q('copy rw from stdin')+H+S+m('d',b'111\tx\n')+m('c')); t('stray d',m('d',b'xx')+m('c')+m('f',cs('z'))+Q('select 1'))
t('copy bad row',Q('copy rw from stdin')+m('d',b'zz\tx\n')+m('d',b'112\tx\n')+m('c')+Q('select 2'),2); t('copy many stmts',Q("copy rw from stdin; select 5; copy (select 1) to stdout; select 6")+m('d',b'120\tx\n')+m('c')); t('two copies',Q("copy rw from stdin; copy rw from stdin")+m('d',b'121\tx\n')+m('c')+m('d',b'122\tx\n')+m('c'))
t('query in copy',Q('copy rw from stdin')+Q('select 1')+S); fresh()
t('ext copy in',P('copy rw from stdin')+B()+D('P')+E()+m('d',b'130\tx\n')+m('c')+S); t('ext copy pipel',P('copy rw from stdin')+B()+E()+S+m('d',b'131\tx\n')+m('c')+S,1); t('drain',S)
t('ext copyfail',P('copy rw from stdin')+B()+E()+m('f',cs('ext'))+P('select 1')+S); t('ext copy out',P('copy (select a from rw where a<3 order by a) to stdout')+B()+E()+S); t('ext copy bad',P('copy rw from stdin')+B()+E()+m('d',b'q\tx\n')+m('c')+P('select 1')+S); t('copy parse in copy',P('copy rw from stdin')+B()+E()+P('select 1')+S); fresh()
t('end mark',Q('copy rw from stdin')+m('d',b'140\tx\n\\.\n')+m('d',b'141\ty\n')+m('c')); t('bin copy',Q('copy rw(a) from stdin (format binary)')+m('d',b'PGCOPY\n\xff\r\n\0'+struct.pack('>ii',0,0)+struct.pack('>hii',1,4,150)+struct.pack('>h',-1))+m('c')); t('bin bad',Q('copy rw(a) from stdin (format binary)')+m('d',b'nonsense')+m('c')); t('out binary',Q('copy (select 1::int2, null) to stdout (format binary)'))
t('check',Q('select array_agg(a order by a) from rw where a >= 100'))
# function call
t('fn abs',F(1397,[b'-5'],[0],0)); t('fn bin',F(1397,[struct.pack('>i',-7)],[1],1)); t('fn none',F(999999,[])); t('fn args',F(1397,[])); t('fn null',F(1397,[None],[0])); t('fn agg',F(2108,[b'1'],[0])); t('fn err',F(154,[b'1',b'0'],[0])); t('fn set',F(1067,[b'1',b'2'],[0])); t('fn bad value',F(1397,[b'x'],[0])); t('fn bad fmt',F(1397,[b'1'],[3])); t('blk',Q('begin')); t('fn fail',F(154,[b'1',b'0'],[0])); t('fn failed',F(1397,[b'-5'],[0])); t('rb',Q('rollback')); t('fn in ext err',P('selec')+F(1397,[b'-5'],[0])+S)
# cancel
def cancel(r):
    s=socket.create_connection(('127.0.0.1',port)); s.sendall(struct.pack('>iiii',16,80877102,*r.key)); x=s.recv(10); s.close(); return x
c.s.sendall(Q('select pg_sleep(20)')); time.sleep(0.5); print('cancel reply',cancel(c)); print(c.until()[-2:]); c.s.sendall(Q('copy rw from stdin')); print(c.until('G')); time.sleep(0.3); cancel(c); time.sleep(0.5); c.s.sendall(m('c')); print('cancel in copy',c.until()[-1]); t('alive',Q('select 1')); cancel(c); time.sleep(0.3); t('cancel idle',Q('select 1'))
c.s.sendall(P('select pg_sleep(20)')+B()+E()+P('select 1')+B()+E()+S); time.sleep(0.5); cancel(c); print('cancel ext',c.until()[-2:]); c.s.sendall(Q('select pg_sleep(20); select 2')); time.sleep(0.5); cancel(c); print('cancel multi',c.until()[-2:])
# notices, parameter status
t('set tz',Q("set timezone='Europe/Paris'; set datestyle='German'; set application_name='ä'")); t('reset in tx',Q("begin; set timezone='UTC'; rollback")); t('listen',Q('listen a; notify a')); t('ln ext',P("notify a, 'x'")+B()+E()+S); t('enc',Q("set client_encoding='latin1'; select 'é'")); t('enc2',Q("reset client_encoding"))
# broken
fresh(); t('unknown type',m('y',b'')+S); fresh(); t('no terminator',m('Q',b'select 1')); fresh(); t('trailing',m('Q',b'select 1\0junk')); t('st',S); fresh(); t('bad bind',m('B',b'\0\0\0\5')+S); fresh(); t('short exec',m('E',b'\0')+S); fresh(); t('long sync',m('S',b'x')); t('st',S); fresh(); t('parse no count',m('P',b'\0select 1\0')+S); fresh(); t('auth msg',m('p',b'x\0')); fresh(); t('neg len',m('B',cs('')+cs('')+struct.pack('>hhi',0,1,-5)+struct.pack('>h',0))+S); fresh(); t('terminate',m('X'))
fresh(); t('nul cmd',m('Q',b'sel\0ect')); fresh(); t('invalid utf',m('Q',b"select '\xff'\0")); t('invalid name',m('P',b"\xff\0select 1\0\0\0")+S)
for v in (196609,196610,0x00040000):
    s=socket.create_connection(('127.0.0.1',port)); s.settimeout(5); p=b'user\0postgres\0database\0'+os.environ['PGDATABASE'].encode()+b'\0_pq_.zz\0' + b'1\0\0' if v==196610 else b'user\0postgres\0database\0'+os.environ['PGDATABASE'].encode()+b'\0\0'
    s.sendall(struct.pack('>ii',8+len(p),v)+p); r=R(s)
    try:
        x=s.recv(1,socket.MSG_PEEK)
        if x in (b'N',b'G',b''): print(v,x)
        else: o=r.until(); print(v,[q for q in o if q[0] in 'vERZN'][:3])
    except Exception as e: print(v,type(e).__name__)
    s.close()
for params in ({'database':'x'},{'user':'postgres','database':os.environ['PGDATABASE'],'options':'-c work_mem=2MB -c search_path=pg_catalog'},{'user':'postgres','database':os.environ['PGDATABASE'],'nothing':'1'},{'user':'postgres','database':os.environ['PGDATABASE'],'client_encoding':'latin1','DateStyle':'SQL, DMY'},{'user':'postgres','database':os.environ['PGDATABASE'],'options':'-c nothing=1'},{'user':'postgres','database':os.environ['PGDATABASE'],'work_mem':'x'},{'user':'postgres','database':os.environ['PGDATABASE'],'client_encoding':'foo'}):
    s=socket.create_connection(('127.0.0.1',port)); s.settimeout(5); p=b''.join(k.encode()+b'\0'+v.encode()+b'\0' for k,v in params.items())+b'\0'; s.sendall(struct.pack('>ii',8+len(p),196608)+p); r=R(s); o=r.until(); print({k:v for k,v in params.items() if k!='database'},[q for q in o if q[0] in 'EN' or 'client_enc' in q or 'DateSt' in q]); s.close()
