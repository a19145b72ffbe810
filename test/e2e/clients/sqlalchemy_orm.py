"""SQLAlchemy: the ORM, reflection of everything that it reflects, streaming, upserts."""
import warnings; warnings.simplefilter("ignore")
from sqlalchemy import *
from sqlalchemy.orm import declarative_base, relationship, Session
import sqlalchemy, enum

eng = create_engine("postgresql+psycopg2://")
Base = declarative_base()
class Color(enum.Enum):
    red=1; blue=2
class User(Base):
    __tablename__='sa_user'; id=Column(Integer, primary_key=True); name=Column(String(50), unique=True, nullable=False); color=Column(Enum(Color)); created=Column(DateTime(timezone=True), server_default=func.now())
    posts=relationship("Post", back_populates="user", cascade="all, delete-orphan")
class Post(Base):
    __tablename__='sa_post'; id=Column(Integer, primary_key=True); user_id=Column(ForeignKey('sa_user.id', ondelete='CASCADE'), index=True); title=Column(Text, comment='the title'); price=Column(Numeric(10,2), CheckConstraint('price > 0')); data=Column(JSON)
    user=relationship("User", back_populates="posts")
Index('sa_post_lower', func.lower(Post.title))
Base.metadata.drop_all(eng); Base.metadata.create_all(eng)
with Session(eng) as s:
    u=User(name='a', color=Color.red, posts=[Post(title='x', price=1.5, data={'a':[1]}), Post(title='y', price=2)])
    s.add(u); s.add(User(name='b')); s.commit()
    print(s.query(User).join(User.posts).filter(Post.price>1).order_by(User.id).all()[0].posts[0].data)
    print(s.execute(select(func.count(Post.id), func.sum(Post.price)).group_by(Post.user_id)).all())
    s.delete(u); s.commit(); print(s.query(Post).count())
    try:
        s.add(User(name='b')); s.commit()
    except Exception as e: print(type(e).__name__, e.orig.pgcode); s.rollback()
insp=inspect(eng)
for f in ['get_schema_names','get_table_names','get_view_names','get_sequence_names']: print(f, sorted(n for n in getattr(insp,f)() if n.startswith('sa_') or f=='get_schema_names'))
for t in ['sa_user','sa_post']:
    print(insp.get_columns(t)); print(insp.get_pk_constraint(t), insp.get_foreign_keys(t), insp.get_indexes(t), insp.get_unique_constraints(t), insp.get_check_constraints(t), insp.get_table_comment(t))
print([e for e in insp.get_enums() if e['name']=='color'])
m=MetaData(); m.reflect(eng); print(sorted(t for t in m.tables if t.startswith('sa_')))
with eng.connect() as c:
    r=c.execution_options(stream_results=True).execute(text("select generate_series(1,1000)")); print(sum(x[0] for x in r))
    t=m.tables['sa_user']; from sqlalchemy.dialects.postgresql import insert
    print(c.execute(insert(t).values(name='b').on_conflict_do_update(index_elements=['name'], set_={'name':'c'}).returning(t.c.id)).all())
